//! Facts about this process.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{BridgeError, Code, Result};

/// Descriptors this process has open.
pub fn open_descriptors() -> usize {
    // The directory's own descriptor is among the entries.
    std::fs::read_dir("/dev/fd").map_or(0, |dir| dir.count().saturating_sub(1))
}

/// Checks that the parent is `parent`. This system sends no signal when it dies: the end of the channel tells.
pub fn set_parent_death_signal(parent: u32) -> Result<()> {
    let now = std::os::unix::process::parent_id();
    if now != parent {
        return Err(BridgeError::new(
            Code::Closed,
            format!("the parent is process {now}, not {parent}: the runtime is gone"),
        ));
    }
    Ok(())
}

/// A number that no other process draws.
pub fn random_u64() -> Result<u64> {
    extern "C" {
        fn getentropy(buffer: *mut std::ffi::c_void, length: usize) -> std::ffi::c_int;
    }
    let mut bytes = [0u8; 8];
    // SAFETY: the length is the buffer's.
    if unsafe { getentropy(bytes.as_mut_ptr().cast(), bytes.len()) } != 0 {
        return Err(BridgeError::io("the kernel gave no random number", std::io::Error::last_os_error()));
    }
    Ok(u64::from_le_bytes(bytes))
}

static HANDLERS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Lies in the event handler of a connection, which XPC lets go of when it has finished with that.
#[derive(Debug)]
pub(super) struct Token(());

impl Token {
    pub fn new() -> Self {
        *HANDLERS.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        *HANDLERS.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        HANDLERS.1.notify_all();
    }
}

/// Event handlers that XPC still holds: connections that are open, or on their way out.
pub fn handlers() -> usize {
    *HANDLERS.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until XPC has finished with every connection. False: the time is over, or one is still open.
pub fn wait_for_teardown(timeout: Duration) -> bool {
    let guard = HANDLERS.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = HANDLERS.1.wait_timeout_while(guard, timeout, |handlers| *handlers > 0);
    waited.is_ok_and(|(handlers, _)| *handlers == 0)
}
