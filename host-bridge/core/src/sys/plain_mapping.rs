//! What a mapping of plain memory can do beyond naming its bytes, the same for Linux and for the backend without a system.

use std::sync::atomic::AtomicU64;

use super::handle::Handle;
use super::memory::Mapping;
use super::page::PAGE;
use crate::error::Result;

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
