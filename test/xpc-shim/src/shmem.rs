//! Shared memory.

use std::collections::HashMap;
use std::ffi::c_void;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::ledger::fault;
use crate::object::{Body, Obj, Raw, Ref};

/// Memory files of regions that no object was made of yet. Linux cannot tell the file of an address.
static REGIONS: LazyLock<Mutex<HashMap<usize, (OwnedFd, usize)>>> = LazyLock::new(Mutex::default);

pub fn memory_file(length: usize) -> Option<OwnedFd> {
    // SAFETY: plain system calls; the descriptor is owned from the moment that it is known to be valid.
    unsafe {
        let fd = libc::memfd_create(c"xpc-shim".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let file = OwnedFd::from_raw_fd(fd);
        (libc::ftruncate(fd, length as i64) == 0).then_some(file)
    }
}

pub fn map(file: &OwnedFd, length: usize) -> *mut c_void {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if start == libc::MAP_FAILED {
        std::ptr::null_mut()
    } else {
        start
    }
}

/// Fresh shared pages, as `mmap(MAP_ANON | MAP_SHARED)` gives them on macOS. Null when there is no room.
pub fn shared_pages(length: usize) -> *mut c_void {
    let Some(file) = memory_file(length) else { return std::ptr::null_mut() };
    let start = map(&file, length);
    if !start.is_null() {
        REGIONS.lock().unwrap_or_else(PoisonError::into_inner).insert(start as usize, (file, length));
    }
    start
}

#[no_mangle]
pub unsafe extern "C" fn xpc_shmem_create(region: *mut c_void, length: usize) -> Raw {
    let found = REGIONS.lock().unwrap_or_else(PoisonError::into_inner).remove(&(region as usize));
    match found {
        Some((file, whole)) if whole == length => Ref::new(Body::Shmem { file, length }).into_raw(),
        _ => {
            fault(format!("xpc_shmem_create of {length} bytes at {region:p}, which is no region of that length"));
            std::ptr::null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_shmem_map(object: Raw, region: *mut *mut c_void) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let Body::Shmem { file, length } = &Obj::at(object, "xpc_shmem_map").body else { return 0 };
        let start = map(file, *length);
        if start.is_null() {
            return 0;
        }
        *region = start;
        *length
    }
}
