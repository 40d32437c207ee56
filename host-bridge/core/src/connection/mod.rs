//! A connection between two processes: messages, frames, and the leases that travel with them.
//!
//! Sending and receiving have a lock each, so that a heartbeat thread can send while the user's thread reads. Neither is
//! held while user code runs: `receive` returns what came.

mod event;
mod exports;
mod imports;
mod receive;
mod send;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

pub use event::Event;
pub use send::SendOutcome;

use crate::codec::{encode_any, encode_frame, Sink, Source};
use crate::counters;
use crate::error::{BridgeError, Code, Result};
use crate::memory::ReleaseQueue;
use crate::schema::Schema;
use crate::sys::endpoint::{self, connect_path, Endpoint};
use crate::sys::socket::{self, PeerCredentials, Socket};
use crate::wire::{Ack, Header, Kind};
use exports::Exports;
use receive::{ReceiveContext, Receiver};
use send::{LeaseWriter, SendContext, Sender};

/// The ports of this side, in the order of their numbers on the wire.
#[derive(Debug)]
struct Ports {
    inputs: Vec<(String, Schema)>,
    outputs: Vec<(String, Schema)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectionStats {
    pub frames_sent: u64,
    pub frames_received: u64,
    /// Slots of ours that the peer holds.
    pub outstanding: usize,
    /// Segments of the peer that are mapped here.
    pub imported: usize,
    /// Releases that wait for a message to travel with.
    pub pending_releases: usize,
}

#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    peer: PeerCredentials,
    closed: AtomicBool,
    ports: OnceLock<Ports>,
    exports: Mutex<Exports>,
    releases: Arc<ReleaseQueue>,
    sender: Mutex<Sender>,
    /// What the sender holds, to be asked without its lock: whoever waits for that may hold another (Python's) which the
    /// sending thread needs for the values that it reads.
    sender_notes: AtomicBool,
    sender_queued: AtomicBool,
    receiver: Mutex<Receiver>,
    frames_sent: AtomicU64,
    frames_received: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// Takes what a listener accepted.
    pub fn new(socket: Socket, peer: PeerCredentials) -> Self {
        counters::connection_made();
        Self {
            socket,
            peer,
            closed: AtomicBool::new(false),
            ports: OnceLock::new(),
            exports: Mutex::new(Exports::default()),
            releases: Arc::new(ReleaseQueue::new()),
            sender: Mutex::new(Sender::new()),
            sender_notes: AtomicBool::new(false),
            sender_queued: AtomicBool::new(false),
            receiver: Mutex::new(Receiver::new()),
            frames_sent: AtomicU64::new(0),
            frames_received: AtomicU64::new(0),
        }
    }

    pub fn connect(endpoint: &Endpoint) -> Result<Self> {
        let (socket, peer) = endpoint.connect()?;
        Ok(Self::new(socket, peer))
    }

    /// Takes over a connected socket that this process inherited; nobody else may use it from then on.
    #[cfg(target_os = "linux")]
    pub fn adopt(descriptor: std::os::fd::RawFd) -> Result<Self> {
        let socket = socket::adopt(descriptor)?;
        // Who it is was looked at when the channel was made; from another namespace of processes it has no number.
        let peer = socket::peer_credentials(&socket)?;
        Ok(Self::new(socket, peer))
    }

    /// Connects to a named listener, such as the broker's relay.
    pub fn connect_named(path: &std::path::Path) -> Result<Self> {
        let (socket, peer) = connect_path(path)?;
        Ok(Self::new(socket, peer))
    }

    /// Two connected ends in this process.
    pub fn pair() -> Result<(Self, Self)> {
        let (a, b) = endpoint::pair()?;
        let (peer_a, peer_b) = (socket::peer_credentials(&a)?, socket::peer_credentials(&b)?);
        Ok((Self::new(a, peer_a), Self::new(b, peer_b)))
    }

    pub fn peer(&self) -> PeerCredentials {
        self.peer
    }

    /// Readable while there is something to receive, writable while there is room; for a loop that polls.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Names this side's ports. Once; frames can flow from then on.
    pub fn define_ports(&self, inputs: Vec<(String, Schema)>, outputs: Vec<(String, Schema)>) -> Result<()> {
        socket::name_ports(&self.socket, &outputs);
        self.ports
            .set(Ports { inputs, outputs })
            .map_err(|_| BridgeError::new(Code::Schema, "the ports of this connection are defined already"))
    }

    fn with_sender<R>(&self, act: impl FnOnce(&mut Sender) -> R) -> R {
        let mut sender = lock(&self.sender);
        let result = act(&mut sender);
        self.sender_notes.store(sender.has_notes(), Ordering::Release);
        self.sender_queued.store(sender.has_queued(), Ordering::Release);
        result
    }

    fn send_context(&self) -> SendContext<'_> {
        SendContext { socket: &self.socket, exports: &self.exports, releases: &self.releases }
    }

    fn check_open(&self) -> Result<()> {
        if self.is_closed() {
            return Err(BridgeError::new(Code::Closed, "the connection is closed"));
        }
        Ok(())
    }

    /// Sends a dictionary, with an endpoint if one is to be handed over. Waits in a bounded queue when the socket is full.
    pub fn send_control<S: Source>(&self, message: &S, endpoint: Option<&Endpoint>) -> Result<SendOutcome> {
        self.check_open()?;
        let fd = endpoint.map(Endpoint::as_handle);
        let header = Header::new(Kind::Control, 0, 0);
        let write = |out: &mut Vec<u8>| {
            let at = out.len();
            if !message.is_dictionary()? {
                return Err(BridgeError::value(format!(
                    "a control message must be a dictionary, not {}",
                    message.describe()
                )));
            }
            encode_any(message, out)?;
            if endpoint.is_some() {
                append_endpoint(out, at);
            }
            Ok(())
        };
        self.with_sender(|sender| sender.send(&self.send_context(), header, fd, true, |out, _| write(out)))
    }

    /// Sends a frame of an output port. `WouldBlock`: the socket is full and nothing was sent.
    pub fn send_frame<S: Source>(&self, port: usize, frame_id: u64, value: &S) -> Result<SendOutcome> {
        self.check_open()?;
        let ports = self.ports.get().ok_or_else(|| BridgeError::value("the ports are not defined yet"))?;
        let (name, schema) =
            ports.outputs.get(port).ok_or_else(|| BridgeError::value(format!("there is no output port {port}")))?;
        let header = Header::new(Kind::Frame, port as u16, frame_id);
        let write = |out: &mut Vec<u8>, leases: &mut LeaseWriter<'_>| encode_frame(schema, value, out, leases);
        let outcome = self.with_sender(|sender| sender.send(&self.send_context(), header, None, false, write));
        let outcome = outcome.map_err(|e| e.on_port(name))?;
        if outcome == SendOutcome::Sent {
            self.frames_sent.fetch_add(1, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    /// Notes that this side has finished with the frames of an input port up to `frame_id`; it travels with the next message.
    pub fn ack(&self, port: usize, frame_id: u64) {
        self.with_sender(|sender| sender.ack(Ack { port: port as u16, frame_id }));
    }

    /// Sends acknowledgements and releases that still wait, in a message of their own.
    pub fn flush(&self) -> Result<SendOutcome> {
        self.check_open()?;
        self.with_sender(|sender| {
            lock(&self.exports).forget_retired(sender.retired());
            if !sender.has_notes() && self.releases.pending() == 0 {
                return Ok(SendOutcome::Sent);
            }
            let retired = std::mem::take(sender.retired());
            let header = Header::new(Kind::Housekeeping, 0, 0);
            sender.send(&self.send_context(), header, None, true, |out, _| {
                retired.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
                Ok(())
            })
        })
    }

    /// True while acknowledgements or releases wait for a message to travel with.
    pub fn has_notes(&self) -> bool {
        self.should_flush(1)
    }

    /// Whether the peer may be waiting for what is to be told: an acknowledgement, memory that it can let go of, or so many slots
    /// that it could run short of them. Fewer are better kept for the next message than worth waking the peer for.
    pub fn should_flush(&self, releases: usize) -> bool {
        self.releases.pending() >= releases
            || self.sender_notes.load(Ordering::Acquire)
            || lock(&self.exports).has_retired()
    }

    /// True while control messages wait for the socket to take more.
    pub fn wants_write(&self) -> bool {
        self.sender_queued.load(Ordering::Acquire)
    }

    /// The socket takes more.
    pub fn write_ready(&self) -> Result<()> {
        self.with_sender(|sender| sender.flush_queue(&self.send_context())).map(|_| ())
    }

    /// The next message, or `None` if none has come. An error means that the peer broke the form: the connection is closed by it.
    ///
    /// `acks` receives the acknowledgements that came along; deliver them before the event.
    pub fn receive<S: Sink>(&self, sink: &mut S, acks: &mut Vec<Ack>) -> Result<Option<Event<S::Value>>> {
        if self.is_closed() {
            return Ok(Some(Event::Closed));
        }
        let ports = self.ports.get();
        let context = ReceiveContext {
            socket: &self.socket,
            exports: &self.exports,
            releases: &self.releases,
            inputs: ports.map(|p| p.inputs.as_slice()),
            outputs: ports.map_or(0, |p| p.outputs.len()),
        };
        // try_lock: a collector that runs inside of a decode must not wait for itself.
        let mut receiver = match self.receiver.try_lock() {
            Ok(receiver) => receiver,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => {
                return Err(BridgeError::value("two threads read the same connection"));
            }
        };
        let result = receiver.receive(&context, sink, acks);
        drop(receiver);
        match &result {
            Ok(Some(Event::Frame { .. })) => {
                self.frames_received.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Some(Event::Closed)) | Err(_) => self.close(),
            Ok(_) => {}
        }
        result
    }

    /// Blocks until a message, the end, or (with `write`) room to send. False when the time is over.
    pub fn wait(&self, write: bool, timeout: Option<Duration>) -> Result<bool> {
        if self.is_closed() {
            return Ok(true);
        }
        socket::wait(&self.socket, write, timeout)
    }

    /// Blocks until the peer is gone. False when the time is over first.
    pub fn wait_hang_up(&self, timeout: Duration) -> bool {
        self.is_closed() || socket::hung_up(&self.socket, timeout)
    }

    /// Releases that wait to travel; a policy decides when they are worth a message.
    pub fn pending_releases(&self) -> usize {
        self.releases.pending()
    }

    pub fn stats(&self) -> ConnectionStats {
        ConnectionStats {
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
            frames_received: self.frames_received.load(Ordering::Relaxed),
            outstanding: lock(&self.exports).outstanding(),
            imported: self.receiver.try_lock().map_or(0, |r| r.imported()),
            pending_releases: self.releases.pending(),
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends the connection; everything that was lent comes back. The descriptor itself is closed when the last owner lets go,
    /// so that its number cannot be reused under a loop that still polls it.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        socket::shutdown(&self.socket);
        lock(&self.exports).clear();
        // The peer's segments are unmapped as soon as their last frame is let go of, not when the last holder of this
        // connection is. A message that is being read at this moment (the close came from its values) keeps them until then.
        if let Ok(mut receiver) = self.receiver.try_lock() {
            receiver.forget_imports();
        }
        self.releases.close();
        counters::connection_gone();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// The key under which an endpoint stands in a control message.
pub const ENDPOINT_KEY: &str = "endpoint";

/// Adds the entry to the dictionary that begins at `at`; its descriptor is the message's first.
fn append_endpoint(out: &mut Vec<u8>, at: usize) {
    let count = u16::from_le_bytes([out[at + 1], out[at + 2]]).saturating_add(1);
    out[at + 1..at + 3].copy_from_slice(&count.to_le_bytes());
    out.push(ENDPOINT_KEY.len() as u8);
    out.extend_from_slice(ENDPOINT_KEY.as_bytes());
    out.extend_from_slice(&[crate::codec::tag::ENDPOINT, 0]);
}
