//! Sealed memory files and their mappings.

use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};

use rustix::fs::{
    fallocate, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create, FallocateFlags, MemfdFlags, SealFlags,
};
use rustix::io::Errno;
use rustix::mm::{mmap, munmap, MapFlags, ProtFlags};

use super::handle::Handle;
use crate::counters;
use crate::error::{BridgeError, Result};
pub use crate::sys::page::{page_align, PAGE};
pub use crate::sys::plain::{mapped_length, Form};

/// A mapping of shared memory; unmapped when dropped.
#[derive(Debug)]
pub struct Mapping {
    ptr: NonNull<u8>,
    len: usize,
}

// SAFETY: the pointer names process-wide memory that only `Drop` gives up; what may be read and written when is the caller's
// concern (leases), as with any memory that another process can see.
unsafe impl Send for Mapping {}
// SAFETY: as above; shared access goes through atomics or through leases.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Fresh zeroed memory, writable here and, once this returns, mappable by others for reading only.
    pub fn create(_form: Form, len: usize) -> Result<(Handle, Self)> {
        let fd = memfd_create("streamlib-frames", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
            .map_err(|e| BridgeError::io("cannot make shared memory", e))?;
        ftruncate(&fd, len as u64)
            .map_err(|e| BridgeError::io(&format!("no room for {len} bytes of shared memory"), e))?;
        // An error here, where there is no memory, instead of a bus error at the first write to a frame.
        fallocate(&fd, FallocateFlags::empty(), 0, len as u64)
            .map_err(|e| BridgeError::io(&format!("no room for {len} bytes of shared memory"), e))?;
        let map = Self::map(&fd, len, ProtFlags::READ | ProtFlags::WRITE)?;
        // Our writable mapping stays; the seal only forbids new ones.
        fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL)
            .map_err(|e| BridgeError::io("cannot seal shared memory", e))?;
        Ok((fd, map))
    }

    /// Memory of a peer, for reading. Refused unless the kernel vouches that it can neither shrink (a read would be a
    /// bus error) nor be mapped writable by anyone new.
    pub fn import(fd: &Handle) -> Result<(Form, Self)> {
        let seals = fcntl_get_seals(fd)
            .map_err(|_| BridgeError::malformed("a handle that should be shared memory is something else"))?;
        let wanted = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE;
        if !seals.contains(wanted) {
            return Err(BridgeError::malformed(format!("shared memory without its seals ({seals:?})")));
        }
        let len = file_length(fd)?;
        if len <= PAGE {
            return Err(BridgeError::malformed(format!("shared memory of {len} bytes")));
        }
        // To populate memory that the peer only claims would be paid for by this process: gigabytes for one message. What
        // is there stays there, the seals forbid holes too.
        let present = present_length(fd)?;
        if present < len as u64 {
            return Err(BridgeError::malformed(format!("shared memory of {len} bytes, of which {present} are there")));
        }
        let map = Self::map(fd, len, ProtFlags::READ)?;
        Ok((Form, map))
    }

    fn map(fd: &OwnedFd, len: usize, prot: ProtFlags) -> Result<Self> {
        // Populated at once: a page touched first by a frame would cost ten times as much then.
        let flags = MapFlags::SHARED | MapFlags::POPULATE;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs no other memory.
        let ptr = unsafe { mmap(ptr::null_mut(), len, prot, flags, fd, 0) }
            .map_err(|e| BridgeError::io(&format!("cannot map {len} bytes of shared memory"), e))?;
        let ptr = NonNull::new(ptr.cast()).ok_or_else(|| BridgeError::malformed("the kernel mapped memory at null"))?;
        counters::mapping_made();
        Ok(Self { ptr, len })
    }

    pub fn ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    pub fn byte_length(&self) -> usize {
        self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        counters::mapping_gone();
        // SAFETY: `ptr` and `len` are what `mmap` returned, and all views of it hold the segment that holds this.
        let _ = unsafe { munmap(self.ptr.as_ptr().cast(), self.len) };
    }
}

fn file_length(fd: &OwnedFd) -> Result<usize> {
    let stat = fstat(fd).map_err(|e| BridgeError::io("cannot look at shared memory", e))?;
    usize::try_from(stat.st_size).map_err(|_| BridgeError::malformed("shared memory of negative length"))
}

fn present_length(fd: &OwnedFd) -> Result<u64> {
    let stat = fstat(fd).map_err(|e| BridgeError::io("cannot look at shared memory", e))?;
    Ok(u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512))
}

/// Puts bytes that are too long for a datagram into a memory file that nobody can change any more.
pub fn spill(bytes: &[u8]) -> Result<OwnedFd> {
    let fd = memfd_create("streamlib-body", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .map_err(|e| BridgeError::io("cannot make a memory file", e))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(&fd, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::INTR) => {}
            Err(e) => return Err(BridgeError::io("cannot fill a memory file", e)),
        }
    }
    fcntl_add_seals(&fd, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
        .map_err(|e| BridgeError::io("cannot seal a memory file", e))?;
    Ok(fd)
}

/// Reads such a file into `into`, whose length was announced. Sealed against change, or refused.
pub fn unspill(fd: &OwnedFd, len: usize, into: &mut Vec<u8>) -> Result<()> {
    let seals = fcntl_get_seals(fd).map_err(|_| BridgeError::malformed("a long body that is no memory file"))?;
    if !seals.contains(SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW) {
        return Err(BridgeError::malformed("a long body in a memory file that can still change"));
    }
    if file_length(fd)? != len {
        return Err(BridgeError::malformed("a long body of another length than announced"));
    }
    into.clear();
    into.resize(len, 0);
    let mut at = 0;
    while at < len {
        match rustix::io::pread(fd, &mut into[at..], at as u64) {
            Ok(0) => return Err(BridgeError::malformed("a long body that ends early")),
            Ok(n) => at += n,
            Err(Errno::INTR) => {}
            Err(e) => return Err(BridgeError::io("cannot read a long body", e)),
        }
    }
    Ok(())
}
