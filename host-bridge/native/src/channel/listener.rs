//! Endpoints and listeners.

use std::cell::RefCell;
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::rc::{Rc, Weak};

use napi_sys::napi_value;
use streamlib_bridge::connection::Connection;
use streamlib_bridge::sys::endpoint::{Endpoint, Listener};

use super::connection::PolledConnection;
use super::dispatch::{call_back, in_callback};
use crate::environment::Environment;
use crate::js::{Env, Failure, Reference, Result};
use crate::table::Table;
use crate::uv;

/// Peers taken in for each turn of the loop, so that a crowd of them does not starve what runs already.
const BATCH: usize = 64;

/// Where accepted connections go, to be named by number.
pub type Connections = Rc<RefCell<Table<Rc<PolledConnection>>>>;

/// A listener that accepts on libuv's loop.
pub struct PolledListener {
    listener: Listener,
    poll: RefCell<Option<uv::Handle>>,
    handlers: RefCell<Option<Handlers>>,
}

struct Handlers {
    connection: Reference,
    refused: Reference,
}

impl PolledListener {
    pub fn new(listener: Listener) -> Rc<Self> {
        Rc::new(Self { listener, poll: RefCell::new(None), handlers: RefCell::new(None) })
    }

    pub fn endpoint(&self) -> Result<Endpoint> {
        Ok(self.listener.endpoint()?)
    }

    /// Accepts from now on: `connection` is called with the number of each, `refused` when the system refuses one.
    pub fn start(
        self: &Rc<Self>,
        environment: &Rc<Environment>,
        connections: &Connections,
        connection: napi_value,
        refused: napi_value,
    ) -> Result<()> {
        let env = environment.env;
        *self.handlers.borrow_mut() =
            Some(Handlers { connection: Reference::new(env, connection)?, refused: Reference::new(env, refused)? });
        if self.poll.borrow().is_none() {
            let accepting = Accepting {
                environment: environment.clone(),
                connections: connections.clone(),
                polled: Rc::downgrade(self),
            };
            let fd = self.listener.as_fd().as_raw_fd();
            let poll = uv::Handle::poll(environment.uv, fd, Box::new(accepting)).map_err(cannot_watch)?;
            environment.handle_opened();
            let started = poll.start_poll(uv::READABLE);
            *self.poll.borrow_mut() = Some(poll);
            started.map_err(cannot_watch)?;
        }
        Ok(())
    }

    /// After `refused`.
    pub fn resume(&self) -> Result<()> {
        if let Some(poll) = &*self.poll.borrow() {
            poll.start_poll(uv::READABLE).map_err(cannot_watch)?;
        }
        Ok(())
    }

    pub fn keep_alive(&self, keep: bool) {
        if let Some(poll) = &*self.poll.borrow() {
            poll.keep_alive(keep);
        }
    }

    /// A handler; None once it is closed, which a handler itself may have done.
    fn handler(&self, env: Env, which: fn(&Handlers) -> &Reference) -> Option<napi_value> {
        which(self.handlers.borrow().as_ref()?).get(env).ok()
    }

    /// What waits stays there, so polling would come back at once: the TypeScript side resumes after a pause.
    fn pause(&self, environment: &Environment, why: &str) {
        if let Some(poll) = &*self.poll.borrow() {
            let _ = poll.start_poll(0);
        }
        let prepared = self.handler(environment.env, |h| &h.refused).zip(environment.env.string(why).ok());
        if let Some((function, why)) = prepared {
            call_back(environment, function, &[why]);
        }
    }

    pub fn close(&self) {
        if let Some(poll) = self.poll.borrow_mut().take() {
            poll.close();
        }
        self.handlers.borrow_mut().take();
    }
}

struct Accepting {
    environment: Rc<Environment>,
    connections: Connections,
    polled: Weak<PolledListener>,
}

impl uv::Events for Accepting {
    fn poll(&self, _status: c_int, _events: c_int) {
        let Some(polled) = self.polled.upgrade() else { return };
        in_callback(&self.environment, || {
            for _ in 0..BATCH {
                let (socket, peer) = match polled.listener.accept() {
                    Ok(Some(accepted)) => accepted,
                    Ok(None) => return,
                    // Out of descriptors, mostly.
                    Err(error) => return polled.pause(&self.environment, &error.to_string()),
                };
                let connection = PolledConnection::new(Connection::new(socket, peer));
                let Some(id) = self.connections.borrow_mut().insert(connection) else { return };
                let env = self.environment.env;
                let prepared = polled.handler(env, |h| &h.connection).zip(env.number(id as f64).ok());
                let Some((function, id)) = prepared else { return };
                call_back(&self.environment, function, &[id]);
            }
        });
    }

    fn closed(&self) {
        self.environment.handle_closed();
    }
}

fn cannot_watch(code: c_int) -> Failure {
    Failure::new("io", format!("Cannot watch the listener: {}", uv::describe(code)))
}
