//! macOS: XPC connections, IOSurface textures, shared memory objects.
//!
//! Above this module messages are what they are on Linux: bytes with handles beside them. `encode` turns them into XPC
//! dictionaries of typed values and `decode` turns those back, so that everything that a peer sends passes the same checks
//! on both systems.

mod backlog;
mod decode;
mod encode;
pub mod endpoint;
mod ffi;
pub mod handle;
mod hello;
mod link;
mod listening;
pub mod memory;
mod object;
pub mod process;
mod signal;
pub mod socket;
mod surface;
