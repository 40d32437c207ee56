//! Two queues of messages, one for each direction.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::handle::{Handle, HandleRef};
use super::signal::Signal;
use crate::error::{BridgeError, Code, Result};
use crate::schema::Schema;
pub use crate::sys::socket_types::{PeerCredentials, Received, Sent};
pub use crate::sys::waiting::{wait_any, Interest};

/// Most handles in one message.
pub const MAX_FDS: usize = 16;
/// A queue takes messages of any length that may be sent.
pub const MAX_INLINE: usize = crate::limits::MAX_BODY;
/// A buffer grows with what it has to hold.
pub const MAX_DATAGRAM: usize = 0;
/// Messages in one queue, at most: as many as on the way between processes.
const WINDOW: usize = 256;

#[derive(Debug)]
struct Message {
    bytes: Vec<u8>,
    handles: Vec<Handle>,
}

#[derive(Debug, Default)]
struct Side {
    inbox: VecDeque<Message>,
    closed: bool,
}

#[derive(Debug)]
struct Channel {
    sides: Mutex<[Side; 2]>,
    changed: Condvar,
    signals: [Signal; 2],
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, [Side; 2]> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One end; it closes when this is dropped. Its descriptor is readable while there is a message or the end of them. Room for
/// more is told to `wait` only.
#[derive(Debug)]
pub struct Socket {
    channel: Arc<Channel>,
    own: usize,
}

impl Socket {
    fn peer(&self) -> usize {
        1 - self.own
    }

    /// Waits until `done` says so of both sides, its own first. False: the time is over.
    fn wait_until(&self, timeout: Option<Duration>, done: impl Fn(&Side, &Side) -> bool) -> bool {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut sides = self.channel.lock();
        while !done(&sides[self.own], &sides[self.peer()]) {
            let rest = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if rest == Some(Duration::ZERO) {
                return false;
            }
            // Without a deadline there is always a reason to look again.
            let rest = rest.unwrap_or(Duration::from_secs(3600));
            sides = self.channel.changed.wait_timeout(sides, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.signals[self.own].as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        shutdown(self);
    }
}

/// A connected pair.
pub fn pair() -> Result<(Socket, Socket)> {
    let signals = [Signal::new()?, Signal::new()?];
    let channel = Arc::new(Channel { sides: Mutex::default(), changed: Condvar::new(), signals });
    Ok((Socket { channel: channel.clone(), own: 0 }, Socket { channel, own: 1 }))
}

/// Everybody is this process.
pub fn peer_credentials(_socket: &Socket) -> Result<PeerCredentials> {
    Ok(PeerCredentials { pid: std::process::id(), uid: rustix::process::geteuid().as_raw() })
}

/// No descriptor is an end of such a channel.
pub fn adopt(descriptor: RawFd) -> Result<Socket> {
    Err(BridgeError::new(Code::Io, format!("descriptor {descriptor} is no channel of this process")))
}

/// A frame's fields stand in the order of its schema, so nobody needs the names.
pub fn name_ports(_socket: &Socket, _outputs: &[(String, Schema)]) {}

pub fn send(socket: &Socket, bytes: &[u8], handles: &[HandleRef<'_>]) -> Result<Sent> {
    debug_assert!(handles.len() <= MAX_FDS);
    let mut sides = socket.channel.lock();
    if sides.iter().any(|side| side.closed) {
        return Ok(Sent::Closed);
    }
    let inbox = &mut sides[socket.peer()].inbox;
    if inbox.len() >= WINDOW {
        return Ok(Sent::WouldBlock);
    }
    inbox.push_back(Message {
        bytes: bytes.to_vec(),
        handles: handles.iter().map(|handle| (*handle).clone()).collect(),
    });
    socket.channel.signals[socket.peer()].set_readable(true);
    socket.channel.changed.notify_all();
    Ok(Sent::Done)
}

/// The next message. What a peer sent before it closed is still to come.
pub fn receive_message(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    handles: &mut Vec<Handle>,
    _inputs: Option<&[(String, Schema)]>,
) -> Result<Received> {
    let mut sides = socket.channel.lock();
    let ended = sides.iter().any(|side| side.closed);
    let inbox = &mut sides[socket.own].inbox;
    let Some(message) = inbox.pop_front() else {
        return Ok(if ended { Received::Closed } else { Received::WouldBlock });
    };
    if inbox.is_empty() && !ended {
        socket.channel.signals[socket.own].set_readable(false);
    }
    // The sender may wait for room.
    socket.channel.changed.notify_all();
    drop(sides);
    *buffer = message.bytes;
    handles.extend(message.handles);
    Ok(Received::Datagram(buffer.len()))
}

/// Blocks until there is a message, the end, or (with `write`) room to send. False: the time is over.
pub fn wait(socket: &Socket, write: bool, timeout: Option<Duration>) -> Result<bool> {
    Ok(socket.wait_until(timeout, |own, peer| {
        !own.inbox.is_empty() || own.closed || peer.closed || (write && peer.inbox.len() < WINDOW)
    }))
}

/// True once the peer has closed.
pub fn hung_up(socket: &Socket, timeout: Duration) -> bool {
    socket.wait_until(Some(timeout), |own, peer| own.closed || peer.closed)
}

pub fn shutdown(socket: &Socket) {
    let mut sides = socket.channel.lock();
    sides[socket.own].closed = true;
    let unread = std::mem::take(&mut sides[socket.own].inbox);
    // The end can be read at both ends.
    socket.channel.signals.iter().for_each(|signal| signal.set_readable(true));
    socket.channel.changed.notify_all();
    drop(sides);
    // An endpoint among them may be the last reference to a listener's backlog, which closes channels of its own.
    drop(unread);
}
