//! Waits for several connections at once, without a thread for each.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use pyo3::PyTypeInfo;
use streamlib_bridge::sys::socket::{wait_any, Interest};

use crate::connection::Connection;
use crate::error::raise;
use crate::listener::Listener;

/// Events handed over at once, at most: what comes without end must not keep the user's code waiting.
const BATCH: usize = 64;

enum Source {
    Channel(Py<Connection>),
    Door(Py<Listener>),
}

struct Member {
    source: Source,
    owner: Py<PyAny>,
    /// The last wait found something here, and it was not read to its end since.
    ready: bool,
}

#[derive(Default)]
struct Members {
    list: Vec<Member>,
    /// Where the search begins: behind the one that had something last, so that none has to wait for the others to end.
    next: usize,
    /// Changes with the list, so that the outcome of a wait is not taken for that of other members.
    version: u64,
}

/// Several connections and listeners that are received from as if they were one. One thread at a time receives.
#[pyclass(frozen, module = "streamlib._native")]
#[derive(Default)]
pub struct Poller(Mutex<Members>);

impl Poller {
    /// Never held while Python code can run.
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message of a member that is known to have one.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<(Py<PyAny>, Bound<'py, PyTuple>)>> {
        loop {
            let (at, channel, owner) = {
                let mut members = self.members();
                let (count, first) = (members.list.len(), members.next);
                let found = (0..count).map(|i| (first + i) % count).find(|&at| members.list[at].ready);
                let Some(at) = found else { return Ok(None) };
                members.next = at;
                let member = &mut members.list[at];
                let owner = member.owner.clone_ref(py);
                match &member.source {
                    Source::Channel(channel) => (at, channel.clone_ref(py), owner),
                    Source::Door(_) => {
                        member.ready = false;
                        drop(members);
                        return Ok(Some((owner, ("knock",).into_pyobject(py)?)));
                    }
                }
            };
            let event = channel.get().next(py)?;
            let mut members = self.members();
            let same = members.list.get(at).is_some_and(|m| m.is(py, channel.as_any()));
            match event {
                Some(event) => {
                    if same {
                        members.next = (at + 1) % members.list.len();
                        // The end is told as often as it is asked for: once in a batch.
                        members.list[at].ready = !channel.get().is_closed();
                    }
                    return Ok(Some((owner, event)));
                }
                None if same => members.list[at].ready = false,
                // The list changed meanwhile: looked through again.
                None => {}
            }
        }
    }

    /// Marks the members that have something. False: the time is over. Without the interpreter lock if it may take time.
    fn wait(&self, py: Python<'_>, timeout: Option<Duration>) -> PyResult<bool> {
        let (sources, version) = {
            let members = self.members();
            let sources: Vec<Source> = members.list.iter().map(|m| m.source.clone_ref(py)).collect();
            (sources, members.version)
        };
        let interests: Vec<Interest<'_>> = sources
            .iter()
            .map(|source| match source {
                Source::Channel(channel) => channel.get().interest(),
                Source::Door(listener) => {
                    Interest { socket: listener.get().socket().as_fd(), write: false, due: false }
                }
            })
            .collect();
        let mut ready = vec![false; interests.len()];
        let blocks = timeout != Some(Duration::ZERO);
        let found = if blocks {
            py.detach(|| wait_any(&interests, timeout, &mut ready))
        } else {
            wait_any(&interests, timeout, &mut ready)
        };
        let found = found.map_err(raise)?;
        for (interest, source) in interests.iter().zip(&sources) {
            if let (true, Source::Channel(channel)) = (interest.write, source) {
                channel.get().write_ready();
            }
        }
        let mut members = self.members();
        let unchanged = members.version == version;
        for (member, now) in members.list.iter_mut().zip(ready) {
            // A member of another list than the one waited for is looked at once for nothing.
            member.ready |= now || !unchanged;
        }
        Ok(found)
    }
}

impl Poller {
    /// Whether anything waits for a message to travel with.
    fn has_notes(&self) -> bool {
        self.members().list.iter().any(|member| match &member.source {
            Source::Channel(channel) => channel.get().has_notes(),
            Source::Door(_) => false,
        })
    }
}

impl Source {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Channel(channel) => Self::Channel(channel.clone_ref(py)),
            Self::Door(listener) => Self::Door(listener.clone_ref(py)),
        }
    }
}

impl Member {
    fn is(&self, py: Python<'_>, source: &Py<PyAny>) -> bool {
        match &self.source {
            Source::Channel(channel) => channel.as_any().is(source.bind(py)),
            Source::Door(listener) => listener.as_any().is(source.bind(py)),
        }
    }
}

/// Waits until a message has come over one of several connections, and leaves it there. False: the time is over.
#[pyfunction]
#[pyo3(signature = (connections, timeout = None))]
pub fn wait_for_any(py: Python<'_>, connections: Vec<Py<Connection>>, timeout: Option<f64>) -> PyResult<bool> {
    let timeout = timeout.map(|t| Duration::try_from_secs_f64(t).unwrap_or(Duration::ZERO));
    let interests: Vec<Interest<'_>> = connections.iter().map(|c| c.get().interest()).collect();
    let mut ready = vec![false; interests.len()];
    py.detach(|| wait_any(&interests, timeout, &mut ready)).map_err(raise)
}

#[pymethods]
impl Poller {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a connection or a listener; its events come with ``owner``.
    fn add(&self, source: Bound<'_, PyAny>, owner: Py<PyAny>) -> PyResult<()> {
        let source = if Connection::is_type_of(&source) {
            Source::Channel(source.cast_into::<Connection>()?.unbind())
        } else {
            Source::Door(source.cast_into::<Listener>()?.unbind())
        };
        let mut members = self.members();
        members.version += 1;
        members.list.push(Member { source, owner, ready: true });
        Ok(())
    }

    /// Takes a connection or a listener out again; one that is not here is no error.
    fn remove(&self, py: Python<'_>, source: Py<PyAny>) {
        let gone: Vec<Member> = {
            let mut members = self.members();
            members.version += 1;
            members.next = 0;
            let (gone, rest) = std::mem::take(&mut members.list).into_iter().partition(|m| m.is(py, &source));
            members.list = rest;
            gone
        };
        // Dropped without the lock: the last reference to an owner may run any code.
        drop(gone);
    }

    /// The events that have come, each with its owner, in their order; it waits for the first. Empty: the time is over
    /// (seconds; ``None``: for ever; 0: not at all). Events are those of ``Connection.receive``, and ``("knock",)`` of a listener
    /// that somebody connects to.
    ///
    /// Acknowledgements and releases that still wait for a message to travel with are sent by themselves when nothing came for
    /// ``linger`` seconds; the time is not shortened by that.
    #[pyo3(signature = (timeout = None, linger = 0.0))]
    fn receive<'py>(&self, py: Python<'py>, timeout: Option<f64>, linger: f64) -> PyResult<Bound<'py, PyList>> {
        let duration = timeout.map(|t| Duration::try_from_secs_f64(t).unwrap_or(Duration::ZERO));
        let pause = Duration::try_from_secs_f64(linger).unwrap_or(Duration::ZERO);
        let mut linger = !pause.is_zero();
        let mut end = None;
        let events = PyList::empty(py);
        loop {
            while let Some(found) = self.next(py)? {
                events.append(found)?;
                if events.len() >= BATCH {
                    break;
                }
            }
            if !events.is_empty() {
                return Ok(events);
            }
            let left = match duration {
                Some(d) if d.is_zero() => Some(d),
                Some(d) => {
                    let end = *end.get_or_insert_with(|| Instant::now() + d);
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(events);
                    }
                    Some(left)
                }
                None => None,
            };
            let left = if left == Some(Duration::ZERO) {
                left
            } else if linger && left.is_none_or(|left| pause < left) && self.has_notes() {
                Some(pause)
            } else {
                self.flush(py)?;
                left
            };
            let found = self.wait(py, left)?;
            // What came may be nothing but acknowledgements: no quiet moment yet.
            linger = found && !pause.is_zero();
            if !found && duration == Some(Duration::ZERO) {
                return Ok(events);
            }
            py.check_signals()?;
        }
    }

    /// Sends the acknowledgements and releases that wait at any connection.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        let channels: Vec<Py<Connection>> = {
            let members = self.members();
            let channel = |m: &Member| match &m.source {
                Source::Channel(channel) => Some(channel.clone_ref(py)),
                Source::Door(_) => None,
            };
            members.list.iter().filter_map(channel).collect()
        };
        for channel in channels {
            // A peer that is gone is told by what is received.
            let _ = channel.get().flush(py);
        }
        Ok(())
    }

    /// Owners usually know the poller that knows them.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Somebody who holds the list right now keeps the poller alive anyway.
        if let Ok(members) = self.0.try_lock() {
            for member in &members.list {
                visit.call(&member.owner)?;
                match &member.source {
                    Source::Channel(channel) => visit.call(channel)?,
                    Source::Door(listener) => visit.call(listener)?,
                }
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        let gone = std::mem::take(&mut self.members().list);
        drop(gone);
    }

    fn __len__(&self) -> usize {
        self.members().list.len()
    }
}
