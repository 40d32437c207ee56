//! What this side has lent to the peer.

use std::sync::Arc;

use super::imports::MAX_SEGMENTS;
use crate::codec::RawHandle;
use crate::error::{BridgeError, Code, Result};
use crate::memory::{Frame, FrameRef, Release, Segment};

#[derive(Debug)]
struct Lent {
    /// Keeps the slot from being written while the peer may read it.
    memory: FrameRef,
    /// Messages that named it and were not given back yet.
    count: u32,
}

#[derive(Debug)]
struct Export {
    segment: Arc<Segment>,
    slots: Box<[Option<Lent>]>,
}

impl Export {
    fn can_go(&self) -> bool {
        self.segment.is_retired() && self.slots.iter().all(Option::is_none)
    }
}

/// A few segments per connection, so a list that is searched is faster than a map.
#[derive(Debug, Default)]
pub(super) struct Exports(Vec<Export>);

impl Exports {
    /// Counts one lease. True when the segment has to cross with this message.
    pub fn lend(&mut self, memory: &FrameRef) -> Result<bool> {
        let id = memory.segment().id();
        let (at, new) = match self.0.iter().position(|e| e.segment.id() == id) {
            Some(at) => (at, false),
            // The peer would take one more for an attack, and end the channel.
            None if self.0.len() >= MAX_SEGMENTS => {
                return Err(BridgeError::new(
                    Code::Exhausted,
                    format!("the peer holds frames of {MAX_SEGMENTS} segments, and takes in no more"),
                ));
            }
            None => {
                let slots = (0..memory.segment().slot_count()).map(|_| None).collect();
                self.0.push(Export { segment: memory.segment().clone(), slots });
                (self.0.len() - 1, true)
            }
        };
        // From here on it is the peer's to read.
        memory.segment().map().end_write();
        match &mut self.0[at].slots[memory.slot() as usize] {
            Some(lent) => lent.count += 1,
            empty => *empty = Some(Lent { memory: memory.clone(), count: 1 }),
        }
        Ok(new)
    }

    /// The message did not go out after all. `crossed`: its segment was to cross with it.
    pub fn undo(&mut self, memory: &FrameRef, crossed: bool) {
        let id = memory.segment().id();
        let release = Release { segment: id, slot: memory.slot(), count: 1, generation: memory.generation() };
        // Cannot fail: `lend` counted it a moment ago, and the peer never saw the name.
        let _ = self.give_back(&release);
        if crossed {
            self.0.retain(|e| e.segment.id() != id);
        }
    }

    /// The peer gives leases back. It may lie.
    pub fn give_back(&mut self, release: &Release) -> Result<()> {
        let slot = self.slot(release.segment, release.slot)?;
        let Some(lent) = slot else {
            return Err(BridgeError::malformed(format!("slot {} was given back, and is not lent", release.slot)));
        };
        if lent.memory.generation() != release.generation || release.count == 0 || release.count > lent.count {
            return Err(BridgeError::malformed(format!(
                "{} leases of generation {} were given back; lent are {} of generation {}",
                release.count,
                release.generation,
                lent.count,
                lent.memory.generation()
            )));
        }
        lent.count -= release.count;
        if lent.count == 0 {
            *slot = None;
        }
        Ok(())
    }

    /// The peer sends a frame of ours back: it must be one that it holds.
    pub fn returned(&mut self, raw: &RawHandle) -> Result<Frame> {
        match self.slot(raw.segment, raw.slot)? {
            Some(lent) if lent.memory.generation() == raw.generation => {
                if raw.layout.byte_length() > lent.memory.capacity() {
                    return Err(BridgeError::malformed("a frame larger than its slot"));
                }
                Ok(Frame { memory: lent.memory.clone(), layout: raw.layout })
            }
            _ => Err(BridgeError::malformed("the peer names memory of ours that it does not hold")),
        }
    }

    fn slot(&mut self, segment: u64, slot: u32) -> Result<&mut Option<Lent>> {
        self.0
            .iter_mut()
            .find(|e| e.segment.id() == segment)
            .ok_or_else(|| BridgeError::malformed("the peer names a segment that was never lent to it"))?
            .slots
            .get_mut(slot as usize)
            .ok_or_else(|| BridgeError::malformed(format!("slot {slot} is out of range")))
    }

    /// True when the peer is to be told of segments that it can forget.
    pub fn has_retired(&self) -> bool {
        self.0.iter().any(Export::can_go)
    }

    /// Forgets segments that get no new frames and of which nothing is lent; their ids are for the peer.
    pub fn forget_retired(&mut self, ids: &mut Vec<u64>) {
        self.0.retain(|e| {
            let leave = e.can_go();
            if leave {
                ids.push(e.segment.id());
            }
            !leave
        });
    }

    /// Slots that the peer holds.
    pub fn outstanding(&self) -> usize {
        self.0.iter().flat_map(|e| e.slots.iter()).flatten().count()
    }

    /// The peer is gone: everything comes back.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
