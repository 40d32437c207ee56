//! XPC and IOSurface as StreamLib's macOS module uses them, for Linux: over unix sockets and memory files, between
//! processes. Test only, never shipped.
//!
//! It follows Apple's header. Where that leaves something open it is unkind: what a caller must not rely on fails here or is
//! written down as a fault. Every object is counted; `ledger` tells what is left, and what was done wrong.

#![cfg(target_os = "linux")]
// The names are Apple's.
#![allow(non_upper_case_globals, non_snake_case, clippy::missing_safety_doc)]

mod cf;
mod connection;
mod dictionary;
mod ledger;
mod object;
mod shmem;
mod surface;
mod transport;
mod values;
mod wire;

/// For tests that talk to this library without the core.
pub use block2;
pub use connection::interrupt_all;
pub use ledger::{ledger, Ledger};
pub use shmem::shared_pages;
