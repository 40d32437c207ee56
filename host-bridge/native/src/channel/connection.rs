//! A connection on libuv's loop.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::{Rc, Weak};

use napi_sys::napi_value;
use streamlib_bridge::connection::{Connection, ConnectionStats, Event, SendOutcome};
use streamlib_bridge::error::{BridgeError, Code};
use streamlib_bridge::schema::Schema;
use streamlib_bridge::sys::socket::PeerCredentials;
use streamlib_bridge::wire::Ack;

use super::dispatch::{call_back, in_callback};
use crate::codec::{Encoding, JsSink, Keys, Port};
use crate::environment::Environment;
use crate::js::{panic_message, Failure, Kind, Reference, Result, Scope};
use crate::uv;

/// Messages handled for each turn of the loop, so that one busy peer does not starve timers and other sockets.
const BATCH: usize = 64;

/// Fewer slots than these wait for the next message to travel with: one of their own would wake the peer once more for
/// each frame, which costs more than the frame does.
const FLUSH_RELEASES: usize = 4;
/// How long they wait, at most: longer than from frame to frame, at 25 a second.
const LINGER_MS: u64 = 45;

pub struct PolledConnection {
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

impl PolledConnection {
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
    pub fn flush_pending(&self) {
        if self.core.should_flush(FLUSH_RELEASES) {
            self.flush_now();
        } else if self.core.pending_releases() > 0 && !self.lingering.replace(true) {
            if let Some(linger) = &*self.linger.borrow() {
                linger.start_timer(LINGER_MS);
            }
        }
    }

    fn flush_now(&self) {
        self.note_sent();
        // A peer that does not read gets them when it does: `ready` comes here again.
        if self.closed.get() || self.core.wants_write() {
            return;
        }
        // An error means that the peer is gone, which reading will show.
        let _ = self.core.flush();
        self.watch();
    }

    /// A message took along what waited.
    fn note_sent(&self) {
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

    fn ready(self: &Rc<Self>, environment: &Environment, status: c_int, events: c_int) {
        let events = if status < 0 {
            // libuv has stopped to poll: the socket has an error to report, mostly of a peer that died with unread messages.
            // Reading takes the error, then what that peer sent last, then the end; `watch` polls on.
            self.interest.set(0);
            uv::READABLE
        } else {
            events
        };
        if events & uv::WRITABLE != 0 {
            // An error means that the peer is gone, which reading will show.
            let _ = self.core.write_ready();
            environment.schedule_flush();
        }
        if events & !uv::WRITABLE != 0 {
            in_callback(environment, || self.drain(environment));
            environment.schedule_flush();
        }
        self.watch();
    }

    fn drain(self: &Rc<Self>, environment: &Environment) {
        for _ in 0..BATCH {
            if self.closed.get() {
                return;
            }
            let Ok(_scope) = Scope::open(environment.env) else { return };
            match self.receive(environment) {
                Ok(true) => {}
                Ok(false) => return,
                Err(Failure::Bridge(details)) => return self.end(environment, details.code, &details.message),
                // Node-API could not make a value: the environment is ending, or memory is.
                Err(Failure::Pending) => return self.end(environment, "io", "JavaScript could not take a message"),
            }
        }
    }

    /// Takes one message and hands it over. False: there was none.
    fn receive(self: &Rc<Self>, environment: &Environment) -> Result<bool> {
        let env = environment.env;
        let Some(handlers) = self.handlers.get() else { return Ok(false) };
        let inputs = self.inputs.get().map_or(&[][..], Vec::as_slice);
        let (mut acks, mut made) = (self.acks.take(), self.made.take());
        let mut sink = JsSink::new(environment, inputs, &mut made);
        let received = self.core.receive(&mut sink, &mut acks);
        let event = sink.outcome(received);
        let acked = acks.drain(..).try_for_each(|ack| self.deliver_ack(environment, handlers, ack));
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
                    Some(endpoint) => environment.endpoints.borrow_mut().insert(endpoint),
                    None => None,
                };
                let endpoint = match endpoint {
                    Some(id) => env.number(id as f64)?,
                    None => env.null()?,
                };
                call_back(environment, handlers.control.get(env)?, &[message, endpoint]);
            }
            Some(Event::Frame { port, frame_id, value }) => {
                let arguments = [env.unsigned(port as u32)?, env.number(frame_id as f64)?, value];
                call_back(environment, handlers.frame.get(env)?, &arguments);
            }
            Some(Event::UnknownPort { port, .. }) => {
                call_back(environment, handlers.unknown_port.get(env)?, &[env.unsigned(port as u32)?]);
            }
            Some(Event::Lost { port, frame_id, error }) => {
                let why = env.string(&error.to_string())?;
                let arguments = [env.unsigned(port as u32)?, env.number(frame_id as f64)?, why];
                call_back(environment, handlers.lost.get(env)?, &arguments);
            }
            Some(Event::Housekeeping) => {}
            Some(Event::Closed) => {
                self.end(environment, "closed", "The peer closed the connection");
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn deliver_ack(&self, environment: &Environment, handlers: &Handlers, ack: Ack) -> Result<()> {
        let env = environment.env;
        if !self.closed.get() {
            let arguments = [env.unsigned(u32::from(ack.port))?, env.number(ack.frame_id as f64)?];
            call_back(environment, handlers.ack.get(env)?, &arguments);
        }
        Ok(())
    }

    /// The TypeScript side closes the connection when it hears of it.
    fn end(&self, environment: &Environment, code: &str, message: &str) {
        let env = environment.env;
        if self.closed.get() {
            return;
        }
        if let Some(handlers) = self.handlers.get() {
            let prepared = handlers.closed.get(env);
            let prepared = prepared.and_then(|function| Ok((function, [env.string(code)?, env.string(message)?])));
            if let Ok((function, arguments)) = prepared {
                call_back(environment, function, &arguments);
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

    pub fn not_sending(&self) -> Result<()> {
        if self.sending.get() {
            return Err(Failure::new("value", "A getter of a message that is being sent used the same connection"));
        }
        Ok(())
    }
}

struct Reading {
    environment: Rc<Environment>,
    connection: Weak<PolledConnection>,
}

impl uv::Events for Reading {
    fn poll(&self, status: c_int, events: c_int) {
        let Some(connection) = self.connection.upgrade() else { return };
        // A panic must not unwind into libuv: this one connection ends with it.
        let outcome = catch_unwind(AssertUnwindSafe(|| connection.ready(&self.environment, status, events)));
        if let Err(panic) = outcome {
            let message = format!("Internal error: {}", panic_message(&*panic));
            in_callback(&self.environment, || connection.end(&self.environment, "io", &message));
        }
    }

    fn closed(&self) {
        self.environment.handle_closed();
    }
}

struct Lingering {
    environment: Rc<Environment>,
    connection: Weak<PolledConnection>,
}

impl uv::Events for Lingering {
    fn timer(&self) {
        if let Some(connection) = self.connection.upgrade() {
            if connection.lingering.get() {
                connection.flush_now();
            }
        }
    }

    fn closed(&self) {
        self.environment.handle_closed();
    }
}

impl PolledConnection {
    pub fn peer(&self) -> PeerCredentials {
        self.core.peer()
    }

    /// `handlers`: `{control, frame, unknownPort, lost, ack, closed}`. Messages are read from now on.
    pub fn start(self: &Rc<Self>, environment: &Rc<Environment>, handlers: napi_value) -> Result<()> {
        let env = environment.env;
        let handler = |name: &str| {
            let function = env.get(handlers, env.string(name)?)?;
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
        if self.handlers.set(handlers).is_err() {
            return Err(Failure::new("value", "The Connection was started already"));
        }
        let reading = Reading { environment: environment.clone(), connection: Rc::downgrade(self) };
        let refused = |code| Failure::new("io", format!("Cannot watch the connection: {}", uv::describe(code)));
        let poll =
            uv::Handle::poll(environment.uv, self.core.as_fd().as_raw_fd(), Box::new(reading)).map_err(refused)?;
        environment.handle_opened();
        *self.poll.borrow_mut() = Some(poll);
        self.watch();
        Ok(())
    }

    pub fn keep_alive(&self, keep: bool) {
        if let Some(poll) = &*self.poll.borrow() {
            poll.keep_alive(keep);
        }
    }

    pub fn define_ports(
        self: &Rc<Self>,
        environment: &Rc<Environment>,
        inputs: Vec<(String, Schema)>,
        outputs: Vec<(String, Schema)>,
    ) -> Result<()> {
        let env = environment.env;
        let keys = |ports: &[(String, Schema)]| -> Result<Vec<Port>> {
            ports.iter().map(|(_, schema)| Ok(Port { keys: Keys::new(env, schema)? })).collect()
        };
        let (input_ports, output_ports) = (keys(&inputs)?, keys(&outputs)?);
        self.core.define_ports(inputs, outputs)?;
        // The core takes ports once, so these are empty.
        let _ = self.inputs.set(input_ports);
        let _ = self.outputs.set(output_ports);
        if !self.closed.get() {
            let lingering = Lingering { environment: environment.clone(), connection: Rc::downgrade(self) };
            let linger = uv::Handle::timer(environment.uv, Box::new(lingering));
            let linger = linger.map_err(|code| Failure::new("io", uv::describe(code)))?;
            environment.handle_opened();
            *self.linger.borrow_mut() = Some(linger);
        }
        Ok(())
    }

    /// False: too many messages wait, the peer does not read.
    pub fn send_control(&self, environment: &Environment, message: napi_value, endpoint: Option<u64>) -> Result<bool> {
        let encoding = Encoding::new(environment, None);
        let source = encoding.source(message);
        let endpoint = match endpoint {
            Some(id) => {
                let endpoints = environment.endpoints.borrow();
                let endpoint = endpoints.get(id).ok_or_else(|| Failure::closed("Endpoint"))?;
                // Its own descriptor, so that a getter may close the original meanwhile.
                Some(endpoint.try_clone()?)
            }
            None => None,
        };
        let outcome = self.sending(|| self.core.send_control(&source, endpoint.as_ref()))?;
        self.watch();
        match outcome {
            Err(error) if error.code == Code::Exhausted && !self.closed.get() => Ok(false),
            Err(error) if peer_is_gone(&error) => Ok(true),
            other => {
                encoding.outcome(other)?;
                Ok(true)
            }
        }
    }

    /// False: nothing was sent.
    pub fn send_frame(&self, environment: &Environment, port: usize, frame_id: u64, frame: napi_value) -> Result<bool> {
        let keys = match self.outputs.get().and_then(|outputs| outputs.get(port)) {
            Some(port) => Some(port.keys.get(environment.env)?),
            None => None,
        };
        let encoding = Encoding::new(environment, keys);
        let source = encoding.source(frame);
        match self.sending(|| self.core.send_frame(port, frame_id, &source))? {
            Ok(outcome) => {
                let sent = outcome == SendOutcome::Sent;
                if sent {
                    self.note_sent();
                }
                Ok(sent)
            }
            Err(error) if peer_is_gone(&error) => Ok(false),
            Err(error) => encoding.outcome(Err(error)),
        }
    }

    pub fn ack(&self, port: usize, frame_id: u64) -> Result<()> {
        self.not_sending()?;
        self.core.ack(port, frame_id);
        Ok(())
    }

    pub fn flush(&self) -> Result<()> {
        self.not_sending()?;
        match self.core.flush() {
            Ok(_) => self.watch(),
            Err(error) if peer_is_gone(&error) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub fn stats(&self) -> ConnectionStats {
        self.core.stats()
    }
}

/// The peer left, and nothing has been read since: `onClose` will report it, after what it sent before.
fn peer_is_gone(error: &BridgeError) -> bool {
    error.code == Code::Closed && error.field.is_none()
}
