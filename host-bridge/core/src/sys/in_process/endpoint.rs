//! Listeners, and the endpoint: a reference by which its holders, and nobody else, can connect to one.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use super::handle::{Handle, HandleRef};
use super::signal::Signal;
pub use super::socket::pair;
use super::socket::{self, PeerCredentials, Socket};
use crate::error::{BridgeError, Code, Result};

/// Peers that nobody has accepted, at most.
const MAX_WAITING: usize = 128;

/// Who listens under which path. Names are of this process only.
static NAMES: LazyLock<Mutex<HashMap<PathBuf, Weak<Backlog>>>> = LazyLock::new(Mutex::default);

fn names() -> MutexGuard<'static, HashMap<PathBuf, Weak<Backlog>>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Peers that have connected and that the listener has not accepted yet.
#[derive(Debug)]
struct Backlog {
    /// `None`: the listener is gone.
    waiting: Mutex<Option<VecDeque<Socket>>>,
    signal: Signal,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Option<VecDeque<Socket>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn connect(&self) -> Result<(Socket, PeerCredentials)> {
        let (here, there) = socket::pair()?;
        let mut waiting = self.lock();
        match waiting.as_mut() {
            Some(queue) if queue.len() < MAX_WAITING => queue.push_back(there),
            Some(_) => return Err(BridgeError::io("cannot connect", "too many peers wait to be let in")),
            None => return Err(BridgeError::io("cannot connect", "no listener is there")),
        }
        self.signal.set_readable(true);
        let peer = socket::peer_credentials(&here)?;
        Ok((here, peer))
    }
}

/// A reference to a listener that has no other name.
#[derive(Debug)]
pub struct Endpoint {
    handle: Handle,
    backlog: Arc<Backlog>,
}

impl Endpoint {
    /// Takes a reference that a peer sent, if it is an endpoint.
    pub fn from_handle(handle: Handle) -> Result<Self> {
        match handle.get::<Backlog>() {
            Some(backlog) => Ok(Self { handle, backlog }),
            None => Err(BridgeError::new(Code::NotEndpoint, "a handle that should be an endpoint is something else")),
        }
    }

    pub fn as_handle(&self) -> HandleRef<'_> {
        &self.handle
    }

    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { handle: self.handle.clone(), backlog: self.backlog.clone() })
    }

    /// Connects to the listener, as often as one likes.
    pub fn connect(&self) -> Result<(Socket, PeerCredentials)> {
        self.backlog.connect().map_err(|e| BridgeError::io("the endpoint's listener is gone", e.message))
    }
}

/// Connects to a named listener of this process.
pub fn connect_path(path: &Path) -> Result<(Socket, PeerCredentials)> {
    let backlog = names().get(path).and_then(Weak::upgrade);
    let failed = |why: String| BridgeError::io(&format!("cannot connect to {}", path.display()), why);
    backlog.ok_or_else(|| failed("no listener is there".into()))?.connect().map_err(|e| failed(e.message))
}

/// A listener, under a path or, when anonymous, reachable through its endpoint only.
#[derive(Debug)]
pub struct Listener {
    backlog: Arc<Backlog>,
    path: Option<PathBuf>,
}

impl Listener {
    pub fn anonymous() -> Result<Self> {
        let backlog = Backlog { waiting: Mutex::new(Some(VecDeque::new())), signal: Signal::new()? };
        Ok(Self { backlog: Arc::new(backlog), path: None })
    }

    pub fn named(path: &Path) -> Result<Self> {
        let mut listener = Self::anonymous()?;
        let mut names = names();
        if names.get(path).and_then(Weak::upgrade).is_some_and(|backlog| backlog.is_open()) {
            return Err(BridgeError::new(Code::Locked, format!("another listener is already at {}", path.display())));
        }
        names.insert(path.to_owned(), Arc::downgrade(&listener.backlog));
        listener.path = Some(path.to_owned());
        Ok(listener)
    }

    /// The endpoint of an anonymous listener: a reference of its own each time.
    pub fn endpoint(&self) -> Result<Endpoint> {
        match &self.path {
            None => {
                let backlog = self.backlog.clone();
                Ok(Endpoint { handle: Handle::new(backlog.clone()), backlog })
            }
            Some(_) => {
                Err(BridgeError::new(Code::NotEndpoint, "a named listener has no endpoint; connect to its path"))
            }
        }
    }

    /// The next peer, or `None` when nobody waits.
    pub fn accept(&self) -> Result<Option<(Socket, PeerCredentials)>> {
        let mut waiting = self.backlog.lock();
        let Some(queue) = waiting.as_mut() else { return Ok(None) };
        let Some(socket) = queue.pop_front() else { return Ok(None) };
        self.backlog.signal.set_readable(!queue.is_empty());
        drop(waiting);
        let peer = socket::peer_credentials(&socket)?;
        Ok(Some((socket, peer)))
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.backlog.signal.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            names().remove(path);
        }
        // Those who wait find their connection closed.
        let waiting = self.backlog.lock().take();
        drop(waiting);
    }
}
