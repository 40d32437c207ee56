//! Leases on their way back to the producer, waiting for a message to travel with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::segment::{Segment, SlotHome};

/// `count` leases of one slot are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    pub segment: u64,
    pub slot: u32,
    pub count: u32,
    pub generation: u64,
}

/// Any thread may push (Python drops frames wherever its collector runs); the connection takes when it sends.
#[derive(Debug, Default)]
pub struct ReleaseQueue(Mutex<Option<Vec<Release>>>);

impl ReleaseQueue {
    pub fn new() -> Self {
        Self(Mutex::new(Some(Vec::with_capacity(32))))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Release>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, release: Release) {
        if let Some(list) = self.lock().as_mut() {
            list.push(release);
        }
    }

    pub fn pending(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// Copies up to `most` from the front; they stay until `sent`.
    pub fn peek(&self, most: usize, mut each: impl FnMut(&Release)) -> usize {
        match self.lock().as_ref() {
            None => 0,
            Some(list) => list.iter().take(most).map(&mut each).count(),
        }
    }

    /// The first `n` have gone out.
    pub fn sent(&self, n: usize) {
        if n == 0 {
            return;
        }
        if let Some(list) = self.lock().as_mut() {
            list.drain(..n.min(list.len()));
        }
    }

    /// The connection is gone: the producer took everything back by itself.
    pub fn close(&self) {
        *self.lock() = None;
    }

    /// True for memory that the peer of this connection introduced.
    pub(crate) fn introduced(self: &Arc<Self>, segment: &Segment) -> bool {
        segment.belongs_to(self)
    }
}

impl SlotHome for ReleaseQueue {
    fn last_gone(&self, segment: &Arc<Segment>, slot: u32, leases: u32, generation: u64) {
        // Before the producer can hear of it.
        segment.map().end_read(leases);
        self.push(Release { segment: segment.id(), slot, count: leases, generation });
    }

    fn is_closed(&self) -> bool {
        self.lock().is_none()
    }
}
