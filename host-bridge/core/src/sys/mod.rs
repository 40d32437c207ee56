//! What the operating system does for us, one module for each. Nothing above knows which it is.

#[cfg(all(target_os = "linux", not(feature = "macos-shim"), not(feature = "in-process")))]
mod linux;
#[cfg(all(target_os = "linux", not(feature = "macos-shim"), not(feature = "in-process")))]
pub use linux::*;

// The feature is for tests only: the same module on Linux, over a library that stands in for XPC and IOSurface.
#[cfg(all(any(target_os = "macos", feature = "macos-shim"), not(feature = "in-process")))]
mod macos;
#[cfg(all(any(target_os = "macos", feature = "macos-shim"), not(feature = "in-process")))]
pub use macos::*;

// For tests only: no system at all.
#[cfg(feature = "in-process")]
mod in_process;
#[cfg(feature = "in-process")]
pub use in_process::*;

#[cfg(all(feature = "in-process", feature = "macos-shim"))]
compile_error!("one backend at a time: in-process or macos-shim");

mod page;
#[cfg(not(any(target_os = "macos", feature = "macos-shim")))]
mod plain;
#[cfg(not(any(target_os = "macos", feature = "macos-shim")))]
mod plain_mapping;
mod socket_types;
mod waiting;
