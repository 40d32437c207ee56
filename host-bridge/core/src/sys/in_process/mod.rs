//! Both ends in one process: queues instead of sockets, shared references instead of descriptors. For tests only.
//!
//! It shows what of the conformance suite is about connections and what is about one system's way to make them, and it runs
//! where a test may open no sockets. Nothing here protects one end from the other.

pub mod endpoint;
pub mod handle;
pub mod memory;
pub mod process;
mod signal;
pub mod socket;
