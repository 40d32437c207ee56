//! Facts about this process.

use rustix::process::{getppid, set_parent_process_death_signal, Pid, Signal};

use crate::error::{BridgeError, Code, Result};

/// Descriptors this process has open.
pub fn open_descriptors() -> usize {
    // The directory's own descriptor is among the entries.
    std::fs::read_dir("/proc/self/fd").map_or(0, |dir| dir.count().saturating_sub(1))
}

/// Has the kernel kill this process when its parent dies; `parent` is who that should be.
///
/// The signal comes when the parent's *thread* ends, and not at all if the parent was dead before the call: hence the check after it.
pub fn set_parent_death_signal(parent: u32) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| BridgeError::io("cannot ask for the parent's death signal", e))?;
    let now = getppid().map_or(0, Pid::as_raw_pid);
    if now as u32 != parent {
        return Err(BridgeError::new(
            Code::Closed,
            format!("the parent is process {now}, not {parent}: the runtime is gone"),
        ));
    }
    Ok(())
}

/// A number that no other process draws.
pub fn random_u64() -> Result<u64> {
    let mut bytes = [0u8; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|e| BridgeError::io("the kernel gave no random number", e))?;
    Ok(u64::from_le_bytes(bytes))
}

/// Waits until what was closed is gone. Here it goes at once. False: the time is over.
pub fn wait_for_teardown(_timeout: std::time::Duration) -> bool {
    true
}
