//! What the operating system does for us, one module for each. Nothing above knows which it is.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;
