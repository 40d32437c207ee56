//! The mechanism of StreamLib's bridge: endpoints, connections, messages, and frames in shared memory.
//!
//! It is compiled into the Node addon (runtime and broker) and into the Python wheel (client). It holds no policy:
//! no states of a connection, no retries, no graph.

pub mod codec;
pub mod connection;
mod counters;
pub mod error;
mod limits;
pub mod memory;
pub mod schema;
pub mod service;
pub mod sys;
pub mod value;
pub mod wire;

pub use counters::DebugCounts;

/// What this process owns at the moment, for tests that compare before and after.
pub fn debug_counts() -> DebugCounts {
    counters::with_descriptors(sys::process::open_descriptors())
}
