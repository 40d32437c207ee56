//! Endpoints and listeners.

use std::cell::RefCell;
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::rc::{Rc, Weak};

use napi_sys::napi_value;
use streamlib_bridge::connection::Connection;
use streamlib_bridge::sys::endpoint::Listener;

use super::connection::Link;
use super::dispatch::{call_back, in_callback};
use crate::js::{Args, Env, Failure, Reference, Result};
use crate::state::State;
use crate::uv;

/// Peers taken in for each turn of the loop, so that a crowd of them does not starve what runs already.
const BATCH: usize = 64;

pub struct Inlet {
    listener: Listener,
    poll: RefCell<Option<uv::Handle>>,
    handlers: RefCell<Option<Handlers>>,
}

struct Handlers {
    connection: Reference,
    refused: Reference,
}

impl Inlet {
    /// A handler; None once it is closed, which a handler itself may have done.
    fn handler(&self, env: Env, which: fn(&Handlers) -> &Reference) -> Option<napi_value> {
        which(self.handlers.borrow().as_ref()?).get(env).ok()
    }

    /// What waits stays there, so polling would come back at once: the TypeScript side resumes after a pause.
    fn pause(&self, state: &State, why: &str) {
        if let Some(poll) = &*self.poll.borrow() {
            let _ = poll.start_poll(0);
        }
        let told = self.handler(state.env, |h| &h.refused).zip(state.env.string(why).ok());
        if let Some((function, why)) = told {
            call_back(state, function, &[why]);
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
    state: Rc<State>,
    inlet: Weak<Inlet>,
}

impl uv::Events for Accepting {
    fn poll(&self, _status: c_int, _events: c_int) {
        let Some(inlet) = self.inlet.upgrade() else { return };
        in_callback(&self.state, || {
            for _ in 0..BATCH {
                let (socket, peer) = match inlet.listener.accept() {
                    Ok(Some(accepted)) => accepted,
                    Ok(None) => return,
                    // Out of descriptors, mostly.
                    Err(error) => return inlet.pause(&self.state, &error.to_string()),
                };
                let link = Link::new(Connection::new(socket, peer));
                let Some(id) = self.state.links.borrow_mut().insert(link) else { return };
                let env = self.state.env;
                let told = inlet.handler(env, |h| &h.connection).zip(env.number(id as f64).ok());
                let Some((function, id)) = told else { return };
                call_back(&self.state, function, &[id]);
            }
        });
    }

    fn closed(&self) {
        self.state.handle_closed();
    }
}

pub fn endpoint_close(state: &State, args: &Args) -> Result<napi_value> {
    let endpoint = state.endpoints.borrow_mut().remove(args.id(0)?);
    drop(endpoint.ok_or_else(|| Failure::closed("Endpoint"))?);
    args.env.undefined()
}

pub fn anonymous(state: &State, args: &Args) -> Result<napi_value> {
    add(state, args, Listener::anonymous()?)
}

pub fn named(state: &State, args: &Args) -> Result<napi_value> {
    add(state, args, Listener::named(Path::new(&args.string(0)?))?)
}

pub(super) fn add(state: &State, args: &Args, listener: Listener) -> Result<napi_value> {
    let inlet = Inlet { listener, poll: RefCell::new(None), handlers: RefCell::new(None) };
    args.new_id(state.listeners.borrow_mut().insert(Rc::new(inlet)))
}

fn find(state: &State, args: &Args) -> Result<Rc<Inlet>> {
    let inlet = state.listeners.borrow().get(args.id(0)?).cloned();
    inlet.ok_or_else(|| Failure::closed("Listener"))
}

pub fn endpoint(state: &State, args: &Args) -> Result<napi_value> {
    let endpoint = find(state, args)?.listener.endpoint()?;
    args.new_id(state.endpoints.borrow_mut().insert(endpoint))
}

/// `listenerStart(listener, connection, refused)`
pub fn start(state: &State, args: &Args) -> Result<napi_value> {
    let inlet = find(state, args)?;
    *inlet.handlers.borrow_mut() = Some(Handlers {
        connection: Reference::new(args.env, args.value(1))?,
        refused: Reference::new(args.env, args.value(2))?,
    });
    if inlet.poll.borrow().is_none() {
        let accepting = Accepting { state: state.share(), inlet: Rc::downgrade(&inlet) };
        let fd = inlet.listener.as_fd().as_raw_fd();
        let refused = |code| Failure::new("io", format!("Cannot watch the listener: {}", uv::describe(code)));
        let poll = uv::Handle::poll(state.uv, fd, Box::new(accepting)).map_err(refused)?;
        state.handle_opened();
        let started = poll.start_poll(uv::READABLE);
        *inlet.poll.borrow_mut() = Some(poll);
        started.map_err(refused)?;
    }
    args.env.undefined()
}

/// After `refused`.
pub fn resume(state: &State, args: &Args) -> Result<napi_value> {
    let inlet = find(state, args)?;
    if let Some(poll) = &*inlet.poll.borrow() {
        let refused = |code| Failure::new("io", format!("Cannot watch the listener: {}", uv::describe(code)));
        poll.start_poll(uv::READABLE).map_err(refused)?;
    }
    args.env.undefined()
}

pub fn keep_alive(state: &State, args: &Args) -> Result<napi_value> {
    let inlet = find(state, args)?;
    if let Some(poll) = &*inlet.poll.borrow() {
        poll.keep_alive(args.boolean(1)?);
    }
    args.env.undefined()
}

pub fn close(state: &State, args: &Args) -> Result<napi_value> {
    let inlet = state.listeners.borrow_mut().remove(args.id(0)?);
    inlet.ok_or_else(|| Failure::closed("Listener"))?.close();
    args.env.undefined()
}
