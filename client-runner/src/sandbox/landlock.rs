//! Landlock: which files this process may touch. Written against the kernel's ABI, since libc has no wrappers for it.

use std::ffi::CString;
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const CREATE_RULESET_VERSION: u32 = 1;
const RULE_PATH_BENEATH: u32 = 1;

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const MAKE_CHAR: u64 = 1 << 6;
const MAKE_BLOCK: u64 = 1 << 11;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// Rights that a file can have, as opposed to a folder.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

/// Binding and connecting over TCP.
const NETWORK: u64 = 0b11;
/// Abstract sockets and signals of processes outside.
const SCOPES: u64 = 0b11;

/// `struct landlock_ruleset_attr`; older kernels take a shorter one.
#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scopes: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: i32,
}

/// 0 where the kernel has no Landlock or was started without it.
pub fn version() -> u32 {
    // SAFETY: with these arguments the call reads no memory.
    let version = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, CREATE_RULESET_VERSION)
    };
    u32::try_from(version).unwrap_or(0)
}

/// Every right that this version knows: what is handled and not granted is forbidden.
fn handled_files(version: u32) -> u64 {
    match version {
        1 => REFER - 1,
        2 => TRUNCATE - 1,
        3 | 4 => IOCTL_DEV - 1,
        _ => (IOCTL_DEV << 1) - 1,
    }
}

/// Confines the calling thread, and whatever it becomes.
pub fn restrict(readable: &[String], writable: &[String]) -> Result<()> {
    let version = version();
    if version == 0 {
        return Err(Error::other("this kernel has no Landlock"));
    }
    let files = handled_files(version);
    let attributes = Ruleset {
        files,
        network: if version >= 4 { NETWORK } else { 0 },
        scopes: if version >= 6 { SCOPES } else { 0 },
    };
    let size = match version {
        1..=3 => 8usize,
        4 | 5 => 16,
        _ => 24,
    };
    // SAFETY: the pointer and the length describe `attributes`.
    let created = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0u32) };
    if created < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel has just made it for us.
    let ruleset = unsafe { OwnedFd::from_raw_fd(created as i32) };
    for path in readable {
        allow(&ruleset, path, EXECUTE | READ_FILE | READ_DIR)?;
    }
    for path in writable {
        allow(&ruleset, path, files & !(EXECUTE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV))?;
    }
    // SAFETY: the descriptor is open.
    if unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) } < 0 {
        return Err(Error::last_os_error());
    }
    Ok(())
}

/// A path that is not there is passed over: systems differ in what they have.
fn allow(ruleset: &OwnedFd, path: &str, rights: u64) -> Result<()> {
    let name = CString::new(path)?;
    // SAFETY: the name ends with a zero.
    let opened = unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    if opened < 0 {
        let error = Error::last_os_error();
        return if error.raw_os_error() == Some(libc::ENOENT) { Ok(()) } else { Err(error) };
    }
    // SAFETY: just opened, and ours.
    let parent = unsafe { OwnedFd::from_raw_fd(opened) };
    let folder = std::fs::metadata(path)?.is_dir();
    let rule = PathBeneath { allowed: if folder { rights } else { rights & OF_FILES }, parent: parent.as_raw_fd() };
    // SAFETY: the pointer is to a rule of the kind that the number names.
    let added = unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), RULE_PATH_BENEATH, &raw const rule, 0u32)
    };
    if added < 0 {
        return Err(Error::last_os_error());
    }
    Ok(())
}
