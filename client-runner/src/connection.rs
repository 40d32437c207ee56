//! The direct channel and the relay, as Python sees them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyString, PyTuple};
use streamlib_bridge::connection::{Connection as Core, Event, SendOutcome};
use streamlib_bridge::error::BridgeError;
use streamlib_bridge::schema::Schema;
use streamlib_bridge::service::monotonic_ns;
use streamlib_bridge::sys::socket::Interest;
use streamlib_bridge::wire::Ack;

use crate::endpoint::Endpoint;
use crate::error::raise;
use crate::heartbeat::{self, Activity};
use crate::keys::keys;
use crate::sink::PySink;
use crate::source::PySource;
use crate::tally::Tally;

struct Keys {
    inputs: Vec<Vec<Py<PyString>>>,
    outputs: Vec<Vec<Py<PyString>>>,
}

/// One end of a connection. Any thread may send; one thread at a time receives.
#[pyclass(frozen, module = "streamlib._native")]
pub struct Connection {
    core: Arc<Core>,
    keys: OnceLock<Keys>,
    activity: Arc<Activity>,
    done: Arc<AtomicBool>,
    /// Acknowledgements that came with a message and are handed out before it.
    waiting: Mutex<VecDeque<Py<PyTuple>>>,
    acks: Mutex<Vec<Ack>>,
    /// For each output port the newest frame that was acknowledged; -1 for none.
    acked: OnceLock<Vec<AtomicI64>>,
    /// Acknowledgements and releases are taken in without a word.
    quiet: AtomicBool,
    /// Which Python thread sends: 0 for none. A value that is read may be the user's code and let other threads run, so they
    /// wait here without the interpreter lock; the core's own lock would stop both for ever.
    sending: Mutex<()>,
    sender: AtomicU64,
}

thread_local! {
    /// An address tells threads apart.
    static THREAD: u8 = const { 0 };
}

fn this_thread() -> u64 {
    THREAD.with(|mark| std::ptr::from_ref(mark) as u64)
}

impl Connection {
    pub fn over(core: Core) -> Self {
        Self {
            core: Arc::new(core),
            keys: OnceLock::new(),
            activity: Arc::new(Activity::default()),
            done: Arc::new(AtomicBool::new(false)),
            waiting: Mutex::new(VecDeque::new()),
            acks: Mutex::new(Vec::with_capacity(8)),
            acked: OnceLock::new(),
            quiet: AtomicBool::new(false),
            sending: Mutex::new(()),
            sender: AtomicU64::new(0),
        }
    }

    /// Runs `send` while no other Python thread sends.
    fn alone<R>(&self, py: Python<'_>, send: impl FnOnce() -> Result<R, BridgeError>) -> PyResult<R> {
        let me = this_thread();
        if self.sender.load(Ordering::Relaxed) == me {
            return Err(raise(BridgeError::value(
                "cannot be sent by the code that a value being sent runs, such as its __index__",
            )));
        }
        let guard = match self.sending.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.sending.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner),
        };
        self.sender.store(me, Ordering::Relaxed);
        let result = send();
        self.sender.store(0, Ordering::Relaxed);
        drop(guard);
        result.map_err(raise)
    }

    /// What a poller waits for. Events that came with an earlier message are due without a wait.
    pub(crate) fn interest(&self) -> Interest<'_> {
        let due = self.core.is_closed() || !self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        Interest { socket: self.core.as_fd(), write: self.core.wants_write(), due }
    }

    pub(crate) fn has_notes(&self) -> bool {
        self.core.has_notes()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    pub(crate) fn write_ready(&self) {
        let _ = self.core.write_ready();
    }

    fn parse_ports(json: &str) -> PyResult<Vec<(String, Schema)>> {
        let bad = |e: &dyn std::fmt::Display| raise(BridgeError::value(format!("ports must be a JSON list: {e}")));
        let list: Vec<serde_json::Value> = serde_json::from_str(json).map_err(|e| bad(&e))?;
        list.iter()
            .map(|port| {
                let name = port["name"].as_str().ok_or_else(|| bad(&"a port has no name"))?;
                let schema = Schema::from_value(&port["schema"]).map_err(|e| raise(e.on_port(name)))?;
                Ok((name.to_owned(), schema))
            })
            .collect()
    }

    /// One message that is there already, as the tuple that `receive` returns.
    pub(crate) fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(event) = waiting.pop_front() {
            return Ok(Some(event.into_bound(py)));
        }
        drop(waiting);
        let no_keys = Vec::new();
        let inputs = self.keys.get().map_or(&no_keys, |k| &k.inputs);
        let mut acks = std::mem::take(&mut *self.acks.lock().unwrap_or_else(PoisonError::into_inner));
        let received = loop {
            let received = self.core.receive(&mut PySink::new(py, inputs), &mut acks);
            for ack in &acks {
                if let Some(acked) = self.acked.get().and_then(|all| all.get(usize::from(ack.port))) {
                    acked.fetch_max(i64::try_from(ack.frame_id).unwrap_or(-1), Ordering::SeqCst);
                }
            }
            // Asked after the counting: whoever asks to be told looks at the count next, and finds one or the other.
            if !self.quiet.load(Ordering::SeqCst) {
                break received;
            }
            acks.clear();
            if !matches!(received, Ok(Some(Event::Housekeeping))) {
                break received;
            }
        };
        let event = match received {
            Ok(None) => None,
            Ok(Some(Event::Control(value))) => Some(("control", value).into_pyobject(py)?),
            Ok(Some(Event::Frame { port, frame_id, value })) => {
                Some(("frame", port, frame_id, value).into_pyobject(py)?)
            }
            Ok(Some(Event::UnknownPort { port, frame_id })) => {
                Some(("unknown_port", port, frame_id).into_pyobject(py)?)
            }
            Ok(Some(Event::Lost { port, frame_id, error })) => {
                Some(("lost", port, frame_id, error.to_string()).into_pyobject(py)?)
            }
            Ok(Some(Event::Housekeeping)) if acks.is_empty() => Some(("housekeeping",).into_pyobject(py)?),
            Ok(Some(Event::Housekeeping)) => None,
            Ok(Some(Event::Closed)) => {
                Some(("closed", "peer_closed", "the runtime closed the channel").into_pyobject(py)?)
            }
            Err(error) => Some(("closed", error.code.as_str(), error.to_string()).into_pyobject(py)?),
        };
        let result = if acks.is_empty() {
            event
        } else {
            // Made before the lock: the collector may run now, and with it code that asks what waits.
            let told = acks.drain(..).map(|ack| Ok(("ack", ack.port, ack.frame_id).into_pyobject(py)?.unbind()));
            let told = told.collect::<PyResult<Vec<Py<PyTuple>>>>()?;
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.extend(told);
            waiting.extend(event.map(Bound::unbind));
            waiting.pop_front().map(|e| e.into_bound(py))
        };
        *self.acks.lock().unwrap_or_else(PoisonError::into_inner) = acks;
        Ok(result)
    }
}

fn went(outcome: SendOutcome) -> bool {
    outcome != SendOutcome::WouldBlock
}

#[pymethods]
impl Connection {
    /// Connects to the listener behind an endpoint.
    #[staticmethod]
    fn connect(endpoint: &Endpoint) -> PyResult<Self> {
        let endpoint = endpoint.duplicate().map_err(raise)?;
        Core::connect(&endpoint).map(Self::over).map_err(raise)
    }

    /// Connects to a named listener, such as the broker's relay.
    #[staticmethod]
    fn connect_named(path: PathBuf) -> PyResult<Self> {
        Core::connect_named(&path).map(Self::over).map_err(raise)
    }

    /// Two connected ends in this process, for tests.
    #[staticmethod]
    fn pair() -> PyResult<(Self, Self)> {
        let (a, b) = Core::pair().map_err(raise)?;
        Ok((Self::over(a), Self::over(b)))
    }

    /// Takes over a connection that this process was handed as a descriptor.
    #[staticmethod]
    #[cfg(target_os = "linux")]
    fn adopt(descriptor: i32) -> PyResult<Self> {
        Core::adopt(descriptor).map(Self::over).map_err(raise)
    }

    /// The number of its descriptor, for who hands it on.
    #[cfg(target_os = "linux")]
    fn fileno(&self) -> i32 {
        use std::os::fd::AsRawFd;
        self.core.as_fd().as_raw_fd()
    }

    /// Process id of the peer.
    #[getter]
    fn peer_pid(&self) -> u32 {
        self.core.peer().pid
    }

    #[getter]
    fn closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Names this side's ports: JSON lists of ``{"name": …, "schema": …}``.
    fn define_ports(&self, py: Python<'_>, inputs_json: &str, outputs_json: &str) -> PyResult<()> {
        let (inputs, outputs) = (Self::parse_ports(inputs_json)?, Self::parse_ports(outputs_json)?);
        let cache = |ports: &[(String, Schema)]| ports.iter().map(|(_, s)| keys(py, s)).collect();
        let names = Keys { inputs: cache(&inputs), outputs: cache(&outputs) };
        let acked = outputs.iter().map(|_| AtomicI64::new(-1)).collect();
        self.core.define_ports(inputs, outputs).map_err(raise)?;
        let _ = self.acked.set(acked);
        let _ = self.keys.set(names);
        Ok(())
    }

    /// The next event, or ``None`` when the time (seconds; ``None``: for ever; 0: not at all) is over.
    ///
    /// ``("control", dict)``, ``("frame", port, frame_id, dict)``, ``("ack", port, frame_id)``, ``("unknown_port", port,
    /// frame_id)``, ``("lost", port, frame_id, why)`` of a frame that the system gave no memory to map, ``("housekeeping",)`` or
    /// ``("closed", code, message)``. The interpreter lock is free while it waits.
    #[pyo3(signature = (timeout = None))]
    fn receive<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let duration = timeout.map(|t| Duration::try_from_secs_f64(t).unwrap_or(Duration::ZERO));
        let mut end = None;
        loop {
            if let Some(event) = self.next(py)? {
                return Ok(Some(event));
            }
            let left = match duration {
                None => None,
                Some(d) if d.is_zero() => return Ok(None),
                Some(d) => {
                    let end = *end.get_or_insert_with(|| Instant::now() + d);
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    Some(left)
                }
            };
            // Control messages that a full socket held back go out as soon as it has room.
            let write = self.core.wants_write();
            py.detach(|| self.core.wait(write, left)).map_err(raise)?;
            if write {
                let _ = self.core.write_ready();
            }
            py.check_signals()?;
        }
    }

    /// Sends a dictionary of plain values, with an endpoint if one is to be handed over.
    #[pyo3(signature = (message, endpoint = None))]
    fn send_control(&self, message: Bound<'_, PyDict>, endpoint: Option<&Endpoint>) -> PyResult<()> {
        let endpoint = endpoint.map(Endpoint::duplicate).transpose().map_err(raise)?;
        let source = PySource { object: message.clone().into_any(), keys: &[] };
        self.alone(message.py(), || self.core.send_control(&source, endpoint.as_ref())).map(|_| ())
    }

    /// Sends a frame of an output port. False: the socket is full and nothing was sent.
    fn send_frame(&self, port: usize, frame_id: u64, value: Bound<'_, PyAny>) -> PyResult<bool> {
        let keys = self.keys.get().and_then(|k| k.outputs.get(port)).map_or(&[][..], Vec::as_slice);
        let source = PySource { object: value.clone(), keys };
        self.alone(value.py(), || self.core.send_frame(port, frame_id, &source)).map(went)
    }

    /// Notes that frames of an input port are finished up to ``frame_id``; it travels with the next message.
    fn ack(&self, py: Python<'_>, port: usize, frame_id: u64) -> PyResult<()> {
        self.alone(py, || {
            self.core.ack(port, frame_id);
            Ok(())
        })
    }

    /// The newest frame of an output port that was acknowledged; -1: none.
    fn acked(&self, port: usize) -> i64 {
        self.acked.get().and_then(|all| all.get(port)).map_or(-1, |acked| acked.load(Ordering::SeqCst))
    }

    /// Whether acknowledgements and releases are events. If not they are taken in all the same, and ``acked`` tells of them.
    fn tell_acks(&self, tell: bool) {
        self.quiet.store(!tell, Ordering::SeqCst);
    }

    /// Sends acknowledgements and releases that still wait, in a message of their own.
    pub(crate) fn flush(&self, py: Python<'_>) -> PyResult<bool> {
        self.alone(py, || self.core.flush()).map(went)
    }

    /// Releases that wait for a message to travel with.
    #[getter]
    fn pending_releases(&self) -> usize {
        self.core.pending_releases()
    }

    /// Starts the signs of life. If the peer goes, the process ends after ``grace_s`` seconds unless it closes the connection.
    #[pyo3(signature = (interval_s = 1.0, grace_s = 1.0))]
    fn start_heartbeat(&self, interval_s: f64, grace_s: f64) {
        let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::from_secs(1));
        heartbeat::start(
            Arc::downgrade(&self.core),
            self.activity.clone(),
            seconds(interval_s),
            seconds(grace_s),
            self.done.clone(),
        );
    }

    /// Says that user code begins or ends; the heartbeat tells since when.
    fn set_busy(&self, busy: bool) {
        self.activity.busy_since_ns.store(if busy { monotonic_ns() } else { 0 }, Ordering::Relaxed);
    }

    /// Frames processed so far, for the heartbeat.
    fn set_processed(&self, processed: u64) {
        self.activity.processed.store(processed, Ordering::Relaxed);
    }

    /// Frames dropped so far on an output port, for the heartbeat.
    fn set_dropped(&self, port: &str, count: u64) {
        let mut dropped = self.activity.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        match dropped.iter_mut().find(|(name, _)| name == port) {
            Some((_, n)) => *n = count,
            None => dropped.push((port.to_owned(), count)),
        }
    }

    /// Has the heartbeat carry a tally under a name, in the place of one that had it.
    fn add_tally(&self, name: String, tally: Py<Tally>) {
        let mut tallies = self.activity.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.retain(|(other, _)| *other != name);
        tallies.push((name, tally));
    }

    /// Sends a heartbeat now: whoever asked wants to know how things are at this moment.
    fn beat(&self, py: Python<'_>) -> PyResult<()> {
        self.alone(py, || self.activity.beat(&self.core)).map(|_| ())
    }

    /// ``frames_sent``, ``frames_received``, ``outstanding``, ``imported``, ``pending_releases``.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.core.stats();
        let dict = PyDict::new(py);
        dict.set_item("frames_sent", stats.frames_sent)?;
        dict.set_item("frames_received", stats.frames_received)?;
        dict.set_item("outstanding", stats.outstanding)?;
        dict.set_item("imported", stats.imported)?;
        dict.set_item("pending_releases", stats.pending_releases)?;
        Ok(dict)
    }

    /// Ends the connection; everything that was lent comes back. Twice is harmless.
    fn close(&self) {
        self.done.store(true, Ordering::Release);
        self.core.close();
    }
}
