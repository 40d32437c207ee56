//! What the peer has lent to this side.

use std::sync::Arc;

use crate::error::{BridgeError, Code, Result};
use crate::memory::{ReleaseQueue, Segment};
use crate::sys::handle::Handle;
use crate::sys::memory::Mapping;

/// Segments that one peer may have introduced at a time.
pub(super) const MAX_SEGMENTS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Imports {
    mapped: Vec<Arc<Segment>>,
    /// Introduced, but the system had no memory to map them. A segment crosses once, so its handle is kept for another try.
    waiting: Vec<(u64, Handle)>,
}

impl Imports {
    pub fn len(&self) -> usize {
        self.mapped.len() + self.waiting.len()
    }

    /// True when each segment that the peer introduced is there to be read.
    pub fn all_mapped(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn find(&self, id: u64) -> Result<&Arc<Segment>> {
        let segment = self.mapped.iter().find(|segment| segment.id() == id);
        segment.ok_or_else(|| BridgeError::malformed("a segment that never crossed"))
    }

    pub fn introduce(&mut self, id: u64, handle: Handle) -> Result<()> {
        if self.mapped.iter().any(|segment| segment.id() == id) || self.waiting.iter().any(|(known, _)| *known == id) {
            return Err(BridgeError::malformed("a segment that crossed before"));
        }
        if self.len() >= MAX_SEGMENTS {
            return Err(BridgeError::malformed(format!("more than {MAX_SEGMENTS} segments of one peer")));
        }
        self.waiting.push((id, handle));
        Ok(())
    }

    /// Maps a segment that waits for it. What the system refuses today it may grant tomorrow: that is told as a value, while an
    /// error is the peer's fault.
    pub fn map(&mut self, id: u64, releases: &Arc<ReleaseQueue>) -> Result<Option<BridgeError>> {
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == id) else { return Ok(None) };
        let mapping = match Mapping::import(&self.waiting[at].1) {
            Ok(mapping) => mapping,
            Err(refused) if refused.code == Code::Io => return Ok(Some(refused)),
            Err(error) => return Err(error),
        };
        let (id, handle) = self.waiting.swap_remove(at);
        self.mapped.push(Arc::new(Segment::import(id, handle, mapping, releases.clone())?));
        Ok(None)
    }

    /// The peer puts no new frames into it.
    pub fn retire(&mut self, id: u64) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
        self.mapped.retain(|segment| {
            let gone = segment.id() == id;
            if gone {
                // This process may have sent its frames on to others, who need not keep it any longer either.
                segment.retire();
            }
            !gone
        });
    }

    pub fn clear(&mut self) {
        self.mapped.clear();
        self.waiting.clear();
    }
}
