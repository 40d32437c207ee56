//! What the operating system does for us, one module for each. Nothing above knows which it is.

#[cfg(all(target_os = "linux", not(feature = "macos-shim")))]
mod linux;
#[cfg(all(target_os = "linux", not(feature = "macos-shim")))]
pub use linux::*;

// The feature is for tests only: the same module on Linux, over a library that stands in for XPC and IOSurface.
#[cfg(any(target_os = "macos", feature = "macos-shim"))]
mod macos;
#[cfg(any(target_os = "macos", feature = "macos-shim"))]
pub use macos::*;

mod waiting;
