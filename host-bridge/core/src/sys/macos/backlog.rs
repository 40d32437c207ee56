//! Where the peers of a listener wait, first until they have greeted, then until they are accepted.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::ffi::xpc;
use super::hello;
use super::link::{Handshake, Link};
use super::object::{Kind, Object};
use super::signal::Signal;

/// Peers that were greeted and that nobody has accepted, or that have not said anything yet: at most so many of each.
const MAX_WAITING: usize = 128;

/// Peers of a listener, from their arrival until `accept` takes them.
#[derive(Debug)]
pub struct Backlog {
    state: Mutex<Waiting>,
    signal: Signal,
}

/// What `take` found.
pub enum Pending {
    Peer(Arc<Link>),
    None,
    /// No peer will ever come: the listener did not get its name.
    Failed,
}

#[derive(Debug)]
struct Waiting {
    open: bool,
    failed: bool,
    /// Have connected and not said anything.
    silent: Vec<Arc<Link>>,
    greeted: VecDeque<Arc<Link>>,
}

impl Backlog {
    pub fn new(signal: Signal) -> Self {
        let waiting = Waiting { open: true, failed: false, silent: Vec::new(), greeted: VecDeque::new() };
        Self { state: Mutex::new(waiting), signal }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On a thread of XPC's: a peer arrives, or the listener fails.
    pub fn event(self: &Arc<Self>, event: &Object) {
        if event.kind() == Kind::Connection {
            return self.arrive(event);
        }
        let mut state = self.lock();
        if state.open {
            // The name belongs to somebody else, or launchd does not know it.
            state.failed = true;
            self.signal.set_readable(true);
        }
    }

    fn arrive(self: &Arc<Self>, connection: &Object) {
        let refuse = || {
            // SAFETY: held. A connection from a listener may be cancelled without having been activated.
            unsafe { xpc::xpc_connection_cancel(connection.raw()) };
        };
        if hello::check_user(&hello::peer(connection)).is_err() {
            return refuse();
        }
        let mut state = self.lock();
        state.silent.retain(|link| !link.wait_end(std::time::Duration::ZERO));
        if !state.open || state.silent.len() >= MAX_WAITING {
            return refuse();
        }
        let handshake: Weak<dyn Handshake> = Arc::<Self>::downgrade(self);
        match Link::open(connection.clone(), Some(handshake)) {
            Ok(link) => state.silent.push(link),
            // No descriptors are left.
            Err(_) => refuse(),
        }
    }

    /// A peer has greeted. False when there is no room for it.
    fn admit(&self, link: &Arc<Link>) -> bool {
        let mut state = self.lock();
        let Some(at) = state.silent.iter().position(|known| Arc::ptr_eq(known, link)) else { return false };
        let link = state.silent.swap_remove(at);
        if !state.open || state.greeted.len() >= MAX_WAITING {
            return false;
        }
        state.greeted.push_back(link);
        self.signal.set_readable(true);
        true
    }

    /// The next peer that has greeted.
    pub fn take(&self) -> Pending {
        let mut state = self.lock();
        let Some(link) = state.greeted.pop_front() else {
            return if state.failed { Pending::Failed } else { Pending::None };
        };
        if state.greeted.is_empty() && !state.failed {
            self.signal.set_readable(false);
        }
        Pending::Peer(link)
    }

    /// Nobody will ask for peers any more: those who wait are turned away.
    pub fn close(&self) {
        let mut state = self.lock();
        state.open = false;
        let waiting = (std::mem::take(&mut state.silent), std::mem::take(&mut state.greeted));
        drop(state);
        drop(waiting);
    }
}

impl Handshake for Backlog {
    fn first_message(&self, link: &Arc<Link>, message: &Object) -> bool {
        hello::answer(link, message, || self.admit(link))
    }
}

impl AsFd for Backlog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }
}
