//! Counts what the process owns before and after a test.

// Each test file uses some of it.
#![allow(dead_code)]

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use streamlib_bridge::sys::process::wait_for_teardown;
use streamlib_bridge::{debug_counts, DebugCounts};

const PATIENCE: Duration = Duration::from_secs(10);

/// Descriptors are counted per process, so tests take turns.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the process owns, less files of the kernel's own: glibc opens one for a moment when a thread's heap first shrinks,
/// which may be that of another test's thread as it ends. This library keeps none.
pub fn counts() -> DebugCounts {
    let kept = |path: std::path::PathBuf| match path.read_link() {
        Ok(target) => !target.starts_with("/proc"),
        // Closed since it was listed. What cannot be asked where it leads is counted.
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    let listed = std::fs::read_dir("/dev/fd").expect("the descriptors of this process");
    let descriptors = listed.filter(|entry| entry.as_ref().is_ok_and(|entry| kept(entry.path()))).count();
    DebugCounts { descriptors, ..debug_counts() }
}

/// Fails the test that leaves a descriptor, a mapping or an object behind.
pub struct Ledger {
    before: DebugCounts,
    _turn: MutexGuard<'static, ()>,
}

impl Ledger {
    pub fn open() -> Self {
        let turn = turn();
        assert!(wait_for_teardown(PATIENCE), "what an earlier test closed is still there");
        Self { before: counts(), _turn: turn }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(wait_for_teardown(PATIENCE), "something is still open");
            assert_eq!(counts(), self.before, "something was left behind");
            #[cfg(feature = "macos-shim")]
            assert_eq!(xpc_shim::ledger(), xpc_shim::Ledger::default(), "objects were left behind, or misused");
        }
    }
}
