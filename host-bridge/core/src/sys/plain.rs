//! Memory that is memory, whatever lies in it: that of Linux, and of the backend without a system.

use std::sync::atomic::AtomicU64;

use super::handle::Handle;
use super::memory::Mapping;
use crate::error::Result;
use crate::memory::Layout;

pub const PAGE: usize = 4096;

pub const fn page_align(n: usize) -> usize {
    n.div_ceil(PAGE) * PAGE
}

/// How many bytes a mapping of so much memory has.
pub const fn mapped_length(n: usize) -> usize {
    n
}

/// What a segment can hold. Elsewhere a texture is an object of its own; here memory is memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form;

impl Form {
    pub fn of(_layout: &Layout) -> Self {
        Self
    }

    /// True when a frame of this layout can lie in it.
    pub fn holds(self, _layout: &Layout) -> bool {
        true
    }

    /// How many slots of the `most` that were asked for one segment can have.
    pub fn slots(self, most: u32) -> u32 {
        most
    }
}

// Memory that a graphics processor shares has to be told who reads and writes when; this has not.
impl Mapping {
    /// What a further process needs to map memory of a peer, which came as `received`.
    pub fn handle_to_pass_on(&self, received: Handle) -> Result<Handle> {
        Ok(received)
    }

    /// Where the first slot begins; the header page stands before it.
    pub fn slots_at(&self) -> usize {
        PAGE
    }

    /// Somebody here is about to write. Twice is harmless.
    pub fn begin_write(&self) -> Result<()> {
        Ok(())
    }

    /// Nobody here writes any more. Twice is harmless.
    pub fn end_write(&self) {}

    /// A frame in it arrived here.
    pub fn begin_read(&self) -> Result<()> {
        Ok(())
    }

    /// So many frames that arrived were let go of.
    pub fn end_read(&self, _leases: u32) {}

    /// True while something outside of the leases uses it.
    pub fn in_use(&self) -> bool {
        false
    }

    /// A word of the header page, at a multiple of 8 below `PAGE`.
    pub fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= PAGE, "the header page has no word at {at}");
        // SAFETY: in bounds (every mapping is longer than a page), aligned (mappings begin at a page), and only ever used
        // as an atomic by both ends. Stores are made by the producer alone, whose mapping is writable.
        unsafe { AtomicU64::from_ptr(self.ptr().add(at).cast()) }
    }
}
