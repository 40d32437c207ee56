//! A connection on libuv's loop.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::rc::{Rc, Weak};

use napi_sys::napi_value;
use streamlib_bridge::connection::{Connection, Event, SendOutcome};
use streamlib_bridge::error::{BridgeError, Code};
use streamlib_bridge::schema::Schema;
use streamlib_bridge::wire::Ack;

use super::dispatch::{call_back, in_callback};
use crate::codec::{Encoding, JsSink, Keys, Port};
use crate::exports::reason;
use crate::js::{Args, Env, Failure, Kind, Reference, Result, Scope};
use crate::state::State;
use crate::uv;

/// Messages handled for each turn of the loop, so that one busy peer does not starve timers and other sockets.
const BATCH: usize = 64;

/// Fewer slots than these wait for the next message to travel with: one of their own would wake the peer once more for
/// each frame, which costs more than the frame does.
const RELEASES_WORTH_A_MESSAGE: usize = 4;
/// How long they wait, at most: longer than from frame to frame, at 25 a second.
const LINGER_MS: u64 = 45;

pub struct Link {
    core: Connection,
    poll: RefCell<Option<uv::Handle>>,
    interest: Cell<c_int>,
    /// Runs from the first slot that waits for a message on.
    linger: RefCell<Option<uv::Handle>>,
    lingering: Cell<bool>,
    handlers: OnceCell<Handlers>,
    inputs: OnceCell<Vec<Port>>,
    outputs: OnceCell<Vec<Port>>,
    /// Kept from message to message, so that one costs no allocation.
    acks: RefCell<Vec<Ack>>,
    made: RefCell<Vec<u64>>,
    /// While JavaScript is read for a message: a getter that comes back here would wait for itself.
    sending: Cell<bool>,
    closed: Cell<bool>,
}

struct Handlers {
    control: Reference,
    frame: Reference,
    unknown_port: Reference,
    lost: Reference,
    ack: Reference,
    closed: Reference,
}

impl Link {
    pub fn new(core: Connection) -> Rc<Self> {
        Rc::new(Self {
            core,
            poll: RefCell::new(None),
            interest: Cell::new(0),
            linger: RefCell::new(None),
            lingering: Cell::new(false),
            handlers: OnceCell::new(),
            inputs: OnceCell::new(),
            outputs: OnceCell::new(),
            acks: RefCell::default(),
            made: RefCell::default(),
            sending: Cell::new(false),
            closed: Cell::new(false),
        })
    }

    /// Polls for room to write only while something waits for it.
    fn watch(&self) {
        let wanted = if self.core.wants_write() { uv::READABLE | uv::WRITABLE } else { uv::READABLE };
        if let Some(poll) = &*self.poll.borrow() {
            if self.interest.replace(wanted) != wanted {
                // It worked with these very arguments before, but for the set of events.
                let _ = poll.start_poll(wanted);
            }
        }
    }

    /// Sends acks and releases that found no message to travel with; a few releases wait a little longer for one.
    pub fn settle(&self) {
        if self.core.worth_a_message(RELEASES_WORTH_A_MESSAGE) {
            self.send_notes();
        } else if self.core.pending_releases() > 0 && !self.lingering.replace(true) {
            if let Some(linger) = &*self.linger.borrow() {
                linger.start_timer(LINGER_MS);
            }
        }
    }

    fn send_notes(&self) {
        self.sent();
        // A peer that does not read gets them when it does: `ready` comes here again.
        if self.closed.get() || self.core.wants_write() {
            return;
        }
        // An error means that the peer is gone, which reading will tell.
        let _ = self.core.flush();
        self.watch();
    }

    /// A message took along what waited.
    fn sent(&self) {
        self.lingering.set(false);
    }

    pub fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        // What waits may still fit (a `bye`, for example); if not, the peer does not read.
        if self.core.wants_write() {
            let _ = self.core.write_ready();
        }
        let poll = self.poll.borrow_mut().take();
        for handle in poll.into_iter().chain(self.linger.borrow_mut().take()) {
            handle.close();
        }
        self.core.close();
    }

    fn ready(self: &Rc<Self>, state: &State, status: c_int, events: c_int) {
        let events = if status < 0 {
            // libuv has stopped to poll: the socket has an error to tell, mostly of a peer that died with unread messages.
            // Reading takes the error, then what that peer sent last, then the end; `watch` polls on.
            self.interest.set(0);
            uv::READABLE
        } else {
            events
        };
        if events & uv::WRITABLE != 0 {
            // An error means that the peer is gone, which reading will tell.
            let _ = self.core.write_ready();
            state.stir();
        }
        if events & !uv::WRITABLE != 0 {
            in_callback(state, || self.drain(state));
            state.stir();
        }
        self.watch();
    }

    fn drain(self: &Rc<Self>, state: &State) {
        for _ in 0..BATCH {
            if self.closed.get() {
                return;
            }
            let Ok(_scope) = Scope::open(state.env) else { return };
            match self.receive(state) {
                Ok(true) => {}
                Ok(false) => return,
                Err(Failure::Bridge(details)) => return self.end(state, details.code, &details.message),
                // Node-API could not make a value: the environment is ending, or memory is.
                Err(Failure::Pending) => return self.end(state, "io", "JavaScript could not take a message"),
            }
        }
    }

    /// Takes one message and hands it over. False: there was none.
    fn receive(self: &Rc<Self>, state: &State) -> Result<bool> {
        let env = state.env;
        let Some(handlers) = self.handlers.get() else { return Ok(false) };
        let inputs = self.inputs.get().map_or(&[][..], Vec::as_slice);
        let (mut acks, mut made) = (self.acks.take(), self.made.take());
        let mut sink = JsSink::new(state, inputs, &mut made);
        let received = self.core.receive(&mut sink, &mut acks);
        let event = sink.outcome(received);
        let acked = acks.drain(..).try_for_each(|ack| self.tell_ack(state, handlers, ack));
        // The handler of an ack may have closed the connection.
        if acked.is_err() || self.closed.get() {
            sink.abandon();
        }
        let endpoint = sink.take_endpoint();
        self.acks.replace(acks);
        self.made.replace(made);
        let event = event?;
        acked?;
        if self.closed.get() {
            return Ok(false);
        }
        match event {
            None => return Ok(false),
            Some(Event::Control(message)) => {
                if env.kind(message)? != Kind::Object || env.is_array(message)? {
                    return Err(Failure::new("malformed", "The peer sent a control message that is no dictionary"));
                }
                let endpoint = match endpoint {
                    Some(endpoint) => state.endpoints.borrow_mut().insert(endpoint),
                    None => None,
                };
                let endpoint = match endpoint {
                    Some(id) => env.number(id as f64)?,
                    None => env.null()?,
                };
                call_back(state, handlers.control.get(env)?, &[message, endpoint]);
            }
            Some(Event::Frame { port, frame_id, value }) => {
                let arguments = [env.unsigned(port as u32)?, env.number(frame_id as f64)?, value];
                call_back(state, handlers.frame.get(env)?, &arguments);
            }
            Some(Event::UnknownPort { port, .. }) => {
                call_back(state, handlers.unknown_port.get(env)?, &[env.unsigned(port as u32)?]);
            }
            Some(Event::Lost { port, frame_id, error }) => {
                let why = env.string(&error.to_string())?;
                let arguments = [env.unsigned(port as u32)?, env.number(frame_id as f64)?, why];
                call_back(state, handlers.lost.get(env)?, &arguments);
            }
            Some(Event::Housekeeping) => {}
            Some(Event::Closed) => {
                self.end(state, "closed", "The peer closed the connection");
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell_ack(&self, state: &State, handlers: &Handlers, ack: Ack) -> Result<()> {
        let env = state.env;
        if !self.closed.get() {
            let arguments = [env.unsigned(u32::from(ack.port))?, env.number(ack.frame_id as f64)?];
            call_back(state, handlers.ack.get(env)?, &arguments);
        }
        Ok(())
    }

    /// The TypeScript side closes the connection when it is told.
    fn end(&self, state: &State, code: &str, message: &str) {
        let env = state.env;
        if self.closed.get() {
            return;
        }
        if let Some(handlers) = self.handlers.get() {
            let prepared = handlers.closed.get(env);
            let prepared = prepared.and_then(|function| Ok((function, [env.string(code)?, env.string(message)?])));
            if let Ok((function, arguments)) = prepared {
                call_back(state, function, &arguments);
            }
        }
        self.close();
    }

    /// Runs what reads JavaScript objects while the core's sender is locked.
    fn sending<T>(&self, send: impl FnOnce() -> T) -> Result<T> {
        self.not_sending()?;
        self.sending.set(true);
        let result = send();
        self.sending.set(false);
        Ok(result)
    }

    fn not_sending(&self) -> Result<()> {
        if self.sending.get() {
            return Err(Failure::new("value", "A getter of a message that is being sent used the same connection"));
        }
        Ok(())
    }
}

struct Reading {
    state: Rc<State>,
    link: Weak<Link>,
}

impl uv::Events for Reading {
    fn poll(&self, status: c_int, events: c_int) {
        let Some(link) = self.link.upgrade() else { return };
        // A panic must not unwind into libuv: this one connection ends with it.
        let outcome = catch_unwind(AssertUnwindSafe(|| link.ready(&self.state, status, events)));
        if let Err(panic) = outcome {
            let message = format!("Internal error: {}", reason(&*panic));
            in_callback(&self.state, || link.end(&self.state, "io", &message));
        }
    }

    fn closed(&self) {
        self.state.handle_closed();
    }
}

struct Lingering {
    state: Rc<State>,
    link: Weak<Link>,
}

impl uv::Events for Lingering {
    fn timer(&self) {
        if let Some(link) = self.link.upgrade() {
            if link.lingering.get() {
                link.send_notes();
            }
        }
    }

    fn closed(&self) {
        self.state.handle_closed();
    }
}

fn find(state: &State, args: &Args) -> Result<Rc<Link>> {
    let link = state.links.borrow().get(args.id(0)?).cloned();
    link.ok_or_else(|| Failure::closed("Connection"))
}

pub fn connect_endpoint(state: &State, args: &Args) -> Result<napi_value> {
    let core = {
        let endpoints = state.endpoints.borrow();
        let endpoint = endpoints.get(args.id(0)?).ok_or_else(|| Failure::closed("Endpoint"))?;
        Connection::connect(endpoint)?
    };
    args.new_id(state.links.borrow_mut().insert(Link::new(core)))
}

pub fn connect_named(state: &State, args: &Args) -> Result<napi_value> {
    let core = Connection::connect_named(Path::new(&args.string(0)?))?;
    args.new_id(state.links.borrow_mut().insert(Link::new(core)))
}

pub fn peer(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let peer = find(state, args)?.core.peer();
    let object = env.object()?;
    env.set_named(object, "pid", env.unsigned(peer.pid)?)?;
    env.set_named(object, "uid", env.unsigned(peer.uid)?)?;
    Ok(object)
}

/// `connectionStart(connection, {control, frame, unknownPort, lost, ack, closed})`
pub fn start(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let link = find(state, args)?;
    let handler = |name: &str| {
        let function = env.get(args.value(1), env.string(name)?)?;
        Reference::new(env, function)
    };
    let handlers = Handlers {
        control: handler("control")?,
        frame: handler("frame")?,
        unknown_port: handler("unknownPort")?,
        lost: handler("lost")?,
        ack: handler("ack")?,
        closed: handler("closed")?,
    };
    if link.handlers.set(handlers).is_err() {
        return Err(Failure::new("value", "The Connection was started already"));
    }
    let reading = Reading { state: state.share(), link: Rc::downgrade(&link) };
    let refused = |code| Failure::new("io", format!("Cannot watch the connection: {}", uv::describe(code)));
    let poll = uv::Handle::poll(state.uv, link.core.as_fd().as_raw_fd(), Box::new(reading)).map_err(refused)?;
    state.handle_opened();
    *link.poll.borrow_mut() = Some(poll);
    link.watch();
    env.undefined()
}

pub fn keep_alive(state: &State, args: &Args) -> Result<napi_value> {
    let link = find(state, args)?;
    if let Some(poll) = &*link.poll.borrow() {
        poll.keep_alive(args.boolean(1)?);
    }
    args.env.undefined()
}

/// `connectionDefinePorts(connection, [[name, schemaJson], …], [[name, schemaJson], …])`
pub fn define_ports(state: &State, args: &Args) -> Result<napi_value> {
    let link = find(state, args)?;
    let (inputs, input_ports) = read_ports(args.env, args.value(1))?;
    let (outputs, output_ports) = read_ports(args.env, args.value(2))?;
    link.core.define_ports(inputs, outputs)?;
    // The core takes ports once, so these are empty.
    let _ = link.inputs.set(input_ports);
    let _ = link.outputs.set(output_ports);
    if !link.closed.get() {
        let lingering = Lingering { state: state.share(), link: Rc::downgrade(&link) };
        let linger = uv::Handle::timer(state.uv, Box::new(lingering));
        let linger = linger.map_err(|code| Failure::new("io", uv::describe(code)))?;
        state.handle_opened();
        *link.linger.borrow_mut() = Some(linger);
    }
    state.flowing.borrow_mut().push(Rc::downgrade(&link));
    args.env.undefined()
}

/// What the core and what the codec keep of the same ports.
type Ports = (Vec<(String, Schema)>, Vec<Port>);

fn read_ports(env: Env, list: napi_value) -> Result<Ports> {
    let mut ports = Vec::new();
    let mut keys = Vec::new();
    for index in 0..env.array_length(list)? {
        let pair = env.element(list, index)?;
        let name = env.to_string(env.element(pair, 0)?)?;
        let schema = Schema::from_json(&env.to_string(env.element(pair, 1)?)?).map_err(|e| e.on_port(&name))?;
        keys.push(Port { keys: Keys::new(env, &schema)? });
        ports.push((name, schema));
    }
    Ok((ports, keys))
}

/// `connectionSendControl(connection, message, endpoint | null)`; false: too many messages wait, the peer does not read.
pub fn send_control(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let link = find(state, args)?;
    let encoding = Encoding::new(state, None);
    let source = encoding.source(args.value(1));
    let has_endpoint = env.kind(args.value(2))? == Kind::Number;
    let outcome = if has_endpoint {
        let endpoints = state.endpoints.borrow();
        let endpoint = endpoints.get(args.id(2)?).ok_or_else(|| Failure::closed("Endpoint"))?;
        // Its own descriptor, so that a getter may close the original meanwhile.
        let endpoint = endpoint.try_clone()?;
        drop(endpoints);
        link.sending(|| link.core.send_control(&source, Some(&endpoint)))?
    } else {
        link.sending(|| link.core.send_control(&source, None))?
    };
    link.watch();
    match outcome {
        Err(error) if error.code == Code::Exhausted && !link.closed.get() => env.boolean(false),
        Err(error) if peer_is_gone(&error) => env.boolean(true),
        other => {
            encoding.outcome(other)?;
            env.boolean(true)
        }
    }
}

/// The peer left, and nobody has read so yet: `onClose` will tell, after what it sent before.
fn peer_is_gone(error: &BridgeError) -> bool {
    error.code == Code::Closed && error.field.is_none()
}

/// `connectionSendFrame(connection, port, frameId, value)`; false: nothing was sent.
pub fn send_frame(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let link = find(state, args)?;
    let (port, frame_id) = (args.unsigned(1)? as usize, args.id(2)?);
    let keys = match link.outputs.get().and_then(|outputs| outputs.get(port)) {
        Some(port) => Some(port.keys.get(env)?),
        None => None,
    };
    let encoding = Encoding::new(state, keys);
    let source = encoding.source(args.value(3));
    match link.sending(|| link.core.send_frame(port, frame_id, &source))? {
        Ok(outcome) => {
            let sent = outcome == SendOutcome::Sent;
            if sent {
                link.sent();
            }
            env.boolean(sent)
        }
        Err(error) if peer_is_gone(&error) => env.boolean(false),
        Err(error) => encoding.outcome(Err(error)),
    }
}

pub fn ack(state: &State, args: &Args) -> Result<napi_value> {
    let link = find(state, args)?;
    link.not_sending()?;
    link.core.ack(args.unsigned(1)? as usize, args.id(2)?);
    state.stir();
    args.env.undefined()
}

pub fn flush(state: &State, args: &Args) -> Result<napi_value> {
    let link = find(state, args)?;
    link.not_sending()?;
    match link.core.flush() {
        Ok(_) => link.watch(),
        Err(error) if peer_is_gone(&error) => {}
        Err(error) => return Err(error.into()),
    }
    args.env.undefined()
}

pub fn stats(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let stats = find(state, args)?.core.stats();
    let object = env.object()?;
    env.set_named(object, "framesSent", env.number(stats.frames_sent as f64)?)?;
    env.set_named(object, "framesReceived", env.number(stats.frames_received as f64)?)?;
    env.set_named(object, "outstanding", env.number(stats.outstanding as f64)?)?;
    env.set_named(object, "imported", env.number(stats.imported as f64)?)?;
    env.set_named(object, "pendingReleases", env.number(stats.pending_releases as f64)?)?;
    Ok(object)
}

pub fn close(state: &State, args: &Args) -> Result<napi_value> {
    let id = args.id(0)?;
    find(state, args)?.not_sending()?;
    let link = state.links.borrow_mut().remove(id);
    link.ok_or_else(|| Failure::closed("Connection"))?.close();
    args.env.undefined()
}
