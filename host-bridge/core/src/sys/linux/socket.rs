//! One datagram out, one datagram in, with descriptors.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    recvmsg, sendmsg, sockopt, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketType,
};

use super::handle::Handle;
use crate::error::{BridgeError, Result};
use crate::schema::Schema;
pub use crate::sys::socket_types::{PeerCredentials, Received, Sent};
pub use crate::sys::waiting::{wait, wait_any, Interest};

/// Most descriptors in one message.
pub const MAX_FDS: usize = 16;
/// A connected, nonblocking `SOCK_SEQPACKET` socket.
pub type Socket = OwnedFd;

/// A longer body travels in a memory file.
pub const MAX_INLINE: usize = 64 * 1024;
/// Longest datagram: a header, its lists, and a body that is not spilled.
pub const MAX_DATAGRAM: usize = 96 * 1024;

pub fn peer_credentials(socket: impl AsFd) -> Result<PeerCredentials> {
    // Asked by hand: a peer in a namespace of processes that is not seen from here has number 0, which rustix's type cannot hold.
    let mut cred = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = std::mem::size_of_val(&cred) as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    let (level, name) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
    // SAFETY: the kernel writes at most `length` bytes of three plain integers.
    let status = unsafe { libc::getsockopt(fd, level, name, std::ptr::from_mut(&mut cred).cast(), &mut length) };
    if status != 0 {
        return Err(BridgeError::io("cannot identify the peer", std::io::Error::last_os_error()));
    }
    Ok(PeerCredentials { pid: cred.pid.unsigned_abs(), uid: cred.uid })
}

/// A connected pair, for tests and for a child that inherits its end.
pub fn pair() -> Result<(OwnedFd, OwnedFd)> {
    use rustix::net::{socketpair, AddressFamily, SocketFlags};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
        .map_err(|e| BridgeError::io("cannot make a socket pair", e))
}

/// A connected socket that was inherited under a number.
pub fn adopt(descriptor: RawFd) -> Result<Socket> {
    // Checked before it is owned: closing what is not ours would pull it from under somebody else.
    // SAFETY: the descriptor is borrowed for these questions only, and a number that is not open makes them fail.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let no_channel = |e: Errno| BridgeError::io(&format!("descriptor {descriptor} is no inherited channel"), e);
    let kind = sockopt::socket_type(borrowed).map_err(no_channel)?;
    if kind != SocketType::SEQPACKET {
        return Err(no_channel(Errno::PROTOTYPE));
    }
    rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::CLOEXEC).map_err(no_channel)?;
    // SAFETY: it is open, and whoever handed it to this process left it to us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

pub fn send(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<Sent> {
    debug_assert!(fds.len() <= MAX_FDS);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    loop {
        match sendmsg(&socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(_) => return Ok(Sent::Done),
            Err(Errno::INTR) => {}
            // ETOOMANYREFS: too many descriptors of this user are in flight, so somebody reads slowly.
            Err(Errno::AGAIN | Errno::NOBUFS | Errno::TOOMANYREFS) => return Ok(Sent::WouldBlock),
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => return Ok(Sent::Closed),
            Err(e) => return Err(BridgeError::io(&format!("cannot send a message of {} bytes", bytes.len()), e)),
        }
    }
}

/// Descriptors that came with a message belong to `fds` from the first moment, so that no way out loses one.
pub fn receive(socket: impl AsFd, buffer: &mut [u8], fds: &mut Vec<OwnedFd>) -> Result<Received> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let got = loop {
        match recvmsg(&socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags) {
            Ok(got) => break got,
            // ECONNRESET: the peer closed with unread messages. The kernel says so once, ahead of what the peer sent last
            // (its `bye`, its traceback); those messages and then the end are still to come.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            Err(Errno::AGAIN) => return Ok(Received::WouldBlock),
            Err(e) => return Err(BridgeError::io("cannot receive", e)),
        }
    };
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    // Before anything else: descriptors that did not fit were closed by the kernel, and what arrived is not the whole message.
    if got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(BridgeError::malformed(format!(
            "a message with more than {MAX_FDS} descriptors, or with more than this process may still open (ulimit -n)"
        )));
    }
    if got.flags.contains(ReturnFlags::TRUNC) {
        return Err(BridgeError::malformed(format!("a message longer than {} bytes", buffer.len())));
    }
    // A datagram of no bytes looks like the end; ours always have a header.
    if got.bytes == 0 {
        return Ok(Received::Closed);
    }
    Ok(Received::Datagram(got.bytes))
}

/// Names of the output ports, for systems whose messages carry them.
pub fn name_ports(_socket: &Socket, _outputs: &[(String, Schema)]) {}

/// The next message for a connection. `inputs` tells other systems in which order a frame's fields stand; here the bytes do.
pub fn receive_message(
    socket: &Socket,
    buffer: &mut [u8],
    handles: &mut Vec<Handle>,
    _inputs: Option<&[(String, Schema)]>,
) -> Result<Received> {
    receive(socket, buffer, handles)
}

/// True once the peer has closed or died.
pub fn hung_up(socket: impl AsFd, timeout: Duration) -> bool {
    let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
    let mut fds = [PollFd::new(&socket, PollFlags::empty())];
    poll(&mut fds, Some(&timeout)).is_ok_and(|n| n > 0)
}

pub fn shutdown(socket: impl AsFd) {
    let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
}
