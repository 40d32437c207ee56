//! What systemd hands to a service that it starts, and how the service speaks to it.

use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::{fcntl_setfd, FdFlags, IoSlice};
use rustix::net::{
    sendmsg_addr, socket_with, sockopt, AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    SocketAddrUnix, SocketFlags, SocketType,
};

use super::endpoint::{Endpoint, Listener};
use crate::error::{BridgeError, Code, Result};

/// Descriptors that systemd accepts in one message.
const MAX_HANDLES: usize = 253;

/// Takes a descriptor that this process was started with.
fn take(fd: RawFd) -> Result<OwnedFd> {
    if fd < 3 {
        return Err(BridgeError::new(Code::Io, format!("descriptor {fd} is one of the standard ones")));
    }
    // SAFETY: the number is only looked at; fcntl says whether it is open.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    fcntl_setfd(borrowed, FdFlags::CLOEXEC)
        .map_err(|e| BridgeError::io(&format!("descriptor {fd}, which the service manager announced"), e))?;
    // SAFETY: open, as we have just seen, and the caller gives it away.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether a descriptor is a listening socket for whole messages: what the relay listens with.
pub fn is_message_listener(fd: RawFd) -> bool {
    // SAFETY: the number is only asked about; one that is not open gives an error.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    sockopt::socket_type(borrowed).is_ok_and(|kind| kind == SocketType::SEQPACKET)
        && sockopt::socket_acceptconn(borrowed).unwrap_or(false)
}

/// A listener that was opened for us.
pub fn adopt_listener(fd: RawFd) -> Result<Listener> {
    if !is_message_listener(fd) {
        return Err(BridgeError::new(Code::Io, format!("descriptor {fd} is no listening SOCK_SEQPACKET socket")));
    }
    Listener::from_socket(take(fd)?)
}

/// An endpoint that an earlier process of this service left with the manager.
pub fn adopt_endpoint(fd: RawFd) -> Result<Endpoint> {
    Endpoint::from_handle(take(fd)?)
}

/// One message to the manager at `NOTIFY_SOCKET`, with what it is to keep for us.
pub fn notify(address: &Path, state: &str, endpoints: &[&Endpoint]) -> Result<()> {
    if endpoints.len() > MAX_HANDLES {
        return Err(BridgeError::new(Code::Io, format!("more than {MAX_HANDLES} descriptors in one message")));
    }
    let failed = |e| BridgeError::io(&format!("cannot notify the service manager at {}", address.display()), e);
    let target = match address.as_os_str().as_bytes() {
        [b'@', name @ ..] => SocketAddrUnix::new_abstract_name(name),
        _ => SocketAddrUnix::new(address),
    }
    .map_err(failed)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
    let handles: Vec<_> = endpoints.iter().map(|endpoint| endpoint.as_handle()).collect();
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_HANDLES))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !handles.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&handles)) {
        return Err(BridgeError::new(Code::Io, "the descriptors do not fit into one message"));
    }
    sendmsg_addr(socket.as_fd(), &target, &[IoSlice::new(state.as_bytes())], &mut control, SendFlags::NOSIGNAL)
        .map_err(failed)?;
    Ok(())
}
