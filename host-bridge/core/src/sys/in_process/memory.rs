//! Memory of this process that both ends of a connection hold.

use std::alloc::{alloc_zeroed, dealloc, Layout as Allocation};
use std::ptr::NonNull;
use std::sync::Arc;

use super::handle::Handle;
use crate::counters;
use crate::error::{BridgeError, Result};
pub use crate::sys::page::{page_align, PAGE};
pub use crate::sys::plain::{mapped_length, Form};

/// Zeroed pages, freed with the last reference.
#[derive(Debug)]
struct Region {
    ptr: NonNull<u8>,
    allocation: Allocation,
}

// SAFETY: the pointer names memory that only `Drop` gives up; what may be read and written when is the caller's concern
// (leases), as with memory that another process can see.
unsafe impl Send for Region {}
// SAFETY: as above; shared access goes through atomics or through leases.
unsafe impl Sync for Region {}

impl Region {
    fn new(len: usize) -> Result<Self> {
        let failed = || BridgeError::io(&format!("no room for {len} bytes of memory"), "out of memory");
        let allocation = Allocation::from_size_align(len, PAGE).map_err(|_| failed())?;
        if len == 0 {
            return Err(failed());
        }
        // SAFETY: the size is not zero.
        let ptr = NonNull::new(unsafe { alloc_zeroed(allocation) }).ok_or_else(failed)?;
        Ok(Self { ptr, allocation })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: allocated with just this, and every view holds the segment that holds a reference.
        unsafe { dealloc(self.ptr.as_ptr(), self.allocation) };
    }
}

/// One end's use of the memory.
#[derive(Debug)]
pub struct Mapping(Arc<Region>);

impl Mapping {
    /// Fresh zeroed memory, and what a peer needs to use it.
    pub fn create(_form: Form, len: usize) -> Result<(Handle, Self)> {
        let region = Arc::new(Region::new(len)?);
        Ok((Handle::new(region.clone()), Self::over(region)))
    }

    /// Memory of a peer. Nothing keeps this end from writing to it: it is the same memory.
    pub fn import(handle: &Handle) -> Result<(Form, Self)> {
        let Some(region) = handle.get::<Region>() else {
            return Err(BridgeError::malformed("a handle that should be shared memory is something else"));
        };
        let map = Self::over(region);
        if map.byte_length() <= PAGE {
            return Err(BridgeError::malformed(format!("shared memory of {} bytes", map.byte_length())));
        }
        Ok((Form, map))
    }

    fn over(region: Arc<Region>) -> Self {
        counters::mapping_made();
        Self(region)
    }

    pub fn ptr(&self) -> *mut u8 {
        self.0.ptr.as_ptr()
    }

    pub fn byte_length(&self) -> usize {
        self.0.allocation.size()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        counters::mapping_gone();
    }
}

/// Long bodies need no memory file here: a queue takes them as they are.
pub fn spill(_bytes: &[u8]) -> Result<Handle> {
    Err(BridgeError::value("a body that is longer than a message may be"))
}

pub fn unspill(_handle: &Handle, _len: usize, _into: &mut Vec<u8>) -> Result<()> {
    Err(BridgeError::malformed("a long body in a memory file, which this backend does not use"))
}
