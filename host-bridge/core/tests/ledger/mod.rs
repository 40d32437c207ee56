//! Counts what the process owns before and after a test.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use streamlib_bridge::sys::process::settle;
use streamlib_bridge::{debug_counts, DebugCounts};

// Descriptors are counted per process, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());
const PATIENCE: Duration = Duration::from_secs(10);

/// Fails the test that leaves a descriptor, a mapping or an object behind.
pub struct Ledger {
    before: DebugCounts,
    _turn: MutexGuard<'static, ()>,
}

impl Ledger {
    pub fn open() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(settle(PATIENCE), "what an earlier test closed is still there");
        Self { before: debug_counts(), _turn: turn }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(settle(PATIENCE), "something is still open");
            assert_eq!(debug_counts(), self.before, "something was left behind");
            #[cfg(feature = "macos-shim")]
            assert_eq!(xpc_shim::ledger(), xpc_shim::Ledger::default(), "objects were left behind, or misused");
        }
    }
}
