//! One message out, one message in, with handles.

use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::handle::{Handle, HandleRef};
use super::link::{Link, Next, Reserved};
use super::{decode, encode, hello};
use crate::error::{BridgeError, Code, Result};
use crate::schema::Schema;
pub use crate::sys::socket_types::{PeerCredentials, Received, Sent};
pub use crate::sys::waiting::{wait, wait_any, Interest};

/// Most handles in one message.
pub const MAX_FDS: usize = decode::MAX_HANDLES;
/// XPC moves long values by itself.
pub const MAX_INLINE: usize = crate::limits::MAX_BODY;
/// A buffer grows with what it has to hold.
pub const MAX_DATAGRAM: usize = 0;

/// A connected link; it ends when this is dropped.
#[derive(Debug)]
pub struct Socket(Arc<Link>);

impl Socket {
    pub(super) fn over(link: Arc<Link>) -> Self {
        Self(link)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.signal.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.close();
    }
}

pub fn peer_credentials(socket: &Socket) -> Result<PeerCredentials> {
    Ok(hello::peer(socket.0.connection()))
}

/// Connections of this system are no descriptors, so none can be inherited.
pub fn adopt(descriptor: RawFd) -> Result<Socket> {
    Err(BridgeError::new(
        Code::Io,
        format!("descriptor {descriptor} is no channel: on macOS a process gets an endpoint from the broker, and inherits nothing"),
    ))
}

/// Names of the output ports, which go along with their frames.
pub fn name_ports(socket: &Socket, outputs: &[(String, Schema)]) {
    let names = outputs.iter().map(|(name, _)| std::ffi::CString::new(name.as_str()).unwrap_or_default());
    let _ = socket.0.port_names.set(names.collect());
}

pub fn send(socket: &Socket, bytes: &[u8], handles: &[HandleRef<'_>]) -> Result<Sent> {
    let link = &socket.0;
    match link.reserve() {
        Reserved::Room => {}
        Reserved::Full => return Ok(Sent::WouldBlock),
        Reserved::Closed => return Ok(Sent::Closed),
    }
    let names = link.port_names.get().map_or(&[][..], Vec::as_slice);
    match encode::message(bytes, handles, names) {
        Ok(message) => {
            link.send(&message);
            Ok(Sent::Done)
        }
        Err(e) => {
            link.cancel_reservation();
            Err(e)
        }
    }
}

/// The next message. `inputs` tells in which order the fields of a frame stand.
pub fn receive_message(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    handles: &mut Vec<Handle>,
    inputs: Option<&[(String, Schema)]>,
) -> Result<Received> {
    match socket.0.next()? {
        Next::Nothing => Ok(Received::WouldBlock),
        Next::Closed => Ok(Received::Closed),
        Next::Message(message) => {
            decode::message(&message, buffer, handles, inputs)?;
            Ok(Received::Datagram(buffer.len()))
        }
    }
}

/// True once the peer has closed or died.
pub fn hung_up(socket: &Socket, timeout: Duration) -> bool {
    socket.0.wait_end(timeout)
}

pub fn shutdown(socket: &Socket) {
    socket.0.close();
}
