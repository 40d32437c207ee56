//! Signs of life from a thread that needs no interpreter lock: an import or a long `process()` does not silence it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::Py;
use streamlib_bridge::connection::{Connection, SendOutcome};
use streamlib_bridge::error::BridgeError;
use streamlib_bridge::service::monotonic_ns;
use streamlib_bridge::value::Value;

use crate::tally::Tally;

/// What the beats tell. Python writes it, the thread reads it.
#[derive(Default)]
pub struct Activity {
    /// Since when user code runs; 0 while it does not.
    pub busy_since_ns: AtomicU64,
    pub processed: AtomicU64,
    pub dropped: Mutex<Vec<(String, u64)>>,
    pub tallies: Mutex<Vec<(String, Py<Tally>)>>,
    /// Beats so far, those that were asked for included.
    seq: AtomicU64,
}

impl Activity {
    /// Says how things are at this moment.
    pub fn beat(&self, connection: &Connection) -> Result<SendOutcome, BridgeError> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        connection.send_control(&&message(self, seq), None)
    }
}

/// Beats every `interval` until the connection goes. If the peer went first, the process gets `grace` to end by itself.
pub fn start(
    connection: Weak<Connection>,
    activity: Arc<Activity>,
    interval: Duration,
    grace: Duration,
    done: Arc<AtomicBool>,
) {
    let beat = move || {
        while let Some(connection) = connection.upgrade() {
            if done.load(Ordering::Acquire) {
                return;
            }
            // A full queue or a closed peer: the next round tells.
            let _ = activity.beat(&connection);
            if connection.wait_hang_up(interval) {
                drop(connection);
                return leave_after(grace, &done);
            }
        }
    };
    // Without the thread the host takes this process for hung: it says so, and why is in the error's text.
    if let Err(error) = std::thread::Builder::new().name("streamlib-heartbeat".into()).spawn(beat) {
        eprintln!("streamlib: no heartbeat thread: {error}");
    }
}

fn leave_after(grace: Duration, done: &AtomicBool) {
    let end = Instant::now() + grace;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        if done.load(Ordering::Acquire) {
            return;
        }
    }
    // User code does not come back, and the runtime is gone: nobody waits for anything that this process could still say.
    // SAFETY: ends the process; no Rust or Python code runs after it.
    unsafe { libc::_exit(70) }
}

fn message(activity: &Activity, seq: u64) -> Value {
    let dropped = activity.dropped.lock().unwrap_or_else(PoisonError::into_inner);
    let tallies = activity.tallies.lock().unwrap_or_else(PoisonError::into_inner);
    let number = |n: u64| Value::Int(n as i64);
    Value::dictionary([
        ("type", Value::String("heartbeat".into())),
        ("seq", number(seq)),
        ("busy_since_ns", number(activity.busy_since_ns.load(Ordering::Relaxed))),
        ("processed", number(activity.processed.load(Ordering::Relaxed))),
        ("dropped", Value::Dictionary(dropped.iter().map(|(k, n)| (k.clone(), number(*n))).collect())),
        ("tallies", Value::Dictionary(tallies.iter().map(|(k, t)| (k.clone(), t.get().report())).collect())),
        ("time_ns", number(monotonic_ns())),
    ])
}
