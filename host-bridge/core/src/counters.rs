//! What this process owns at the moment, for tests that compare before and after.

use std::sync::atomic::{AtomicI64, Ordering};

static LEASES: AtomicI64 = AtomicI64::new(0);
static MAPPINGS: AtomicI64 = AtomicI64::new(0);
static CONNECTIONS: AtomicI64 = AtomicI64::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebugCounts {
    /// Open descriptors of the whole process.
    pub descriptors: usize,
    pub mappings: i64,
    pub connections: i64,
    /// References to slots, own and imported.
    pub leases: i64,
}

/// The counts of this crate, with the number of open descriptors, which the system tells.
pub(crate) fn with_descriptors(descriptors: usize) -> DebugCounts {
    DebugCounts {
        descriptors,
        mappings: MAPPINGS.load(Ordering::SeqCst),
        connections: CONNECTIONS.load(Ordering::SeqCst),
        leases: LEASES.load(Ordering::SeqCst),
    }
}

pub(crate) fn lease_taken() {
    LEASES.fetch_add(1, Ordering::Relaxed);
}
pub(crate) fn lease_returned() {
    LEASES.fetch_sub(1, Ordering::Relaxed);
}
pub(crate) fn mapping_made() {
    MAPPINGS.fetch_add(1, Ordering::Relaxed);
}
pub(crate) fn mapping_gone() {
    MAPPINGS.fetch_sub(1, Ordering::Relaxed);
}
pub(crate) fn connection_made() {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed);
}
pub(crate) fn connection_gone() {
    CONNECTIONS.fetch_sub(1, Ordering::Relaxed);
}
