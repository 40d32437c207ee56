//! A counted reference to one slot in one generation.

use std::mem::size_of;
use std::sync::Arc;

use super::format::Layout;
use super::segment::Segment;
use crate::counters;
use crate::error::{BridgeError, Code, Result};

const _: () = assert!(size_of::<usize>() >= 8, "slots of a gigabyte need 64-bit addresses");

/// While one exists anywhere, in this process or leased to another, the producer does not write the slot again.
#[derive(Debug)]
pub struct FrameRef {
    segment: Arc<Segment>,
    slot: u32,
    generation: u64,
}

/// Memory with the way to read it: what a `Texture` or `Buffer` field holds.
#[derive(Debug, Clone)]
pub struct Frame {
    pub memory: FrameRef,
    pub layout: Layout,
}

impl FrameRef {
    /// For the pool: the slot was claimed already.
    pub(super) fn claimed(segment: Arc<Segment>, slot: u32, generation: u64) -> Self {
        counters::lease_taken();
        Self { segment, slot, generation }
    }

    /// A lease that a peer sent with a message.
    pub(crate) fn received(segment: Arc<Segment>, slot: u32, generation: u64) -> Result<Self> {
        let Some(count) = segment.count(slot) else {
            return Err(BridgeError::malformed(format!("slot {slot} of a segment of {} slots", segment.slot_count())));
        };
        segment.map().begin_read()?;
        let now = segment.generation(slot);
        if now != generation {
            segment.map().end_read(1);
            return Err(BridgeError::new(
                Code::Stale,
                format!("a frame names generation {generation} of slot {slot}, which is at {now}: it was overwritten"),
            ));
        }
        count.receive();
        counters::lease_taken();
        Ok(Self { segment, slot, generation })
    }

    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    pub fn slot(&self) -> u32 {
        self.slot
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Bytes of the slot; the frame in it may be shorter.
    pub fn capacity(&self) -> usize {
        self.segment.slot_size()
    }

    /// Offset of the slot among its segment's slots.
    pub fn offset(&self) -> usize {
        self.segment.slot_offset(self.slot)
    }

    pub fn ptr(&self) -> *const u8 {
        self.segment.slots().0.wrapping_add(self.offset())
    }

    /// A pointer to write through, while nobody else can be reading: local memory, and this the only reference to it.
    pub fn ptr_mut(&self) -> Option<*mut u8> {
        (self.is_writable() && self.segment.map().begin_write().is_ok()).then(|| self.ptr().cast_mut())
    }

    pub fn is_writable(&self) -> bool {
        self.segment.is_local() && self.segment.count(self.slot).is_some_and(|c| c.is_unique())
    }
}

impl Clone for FrameRef {
    fn clone(&self) -> Self {
        if let Some(count) = self.segment.count(self.slot) {
            count.retain();
        }
        counters::lease_taken();
        Self { segment: self.segment.clone(), slot: self.slot, generation: self.generation }
    }
}

impl Drop for FrameRef {
    fn drop(&mut self) {
        counters::lease_returned();
        let Some(leases) = self.segment.count(self.slot).and_then(|c| c.release()) else { return };
        self.segment.last_gone(self.slot, leases, self.generation);
    }
}
