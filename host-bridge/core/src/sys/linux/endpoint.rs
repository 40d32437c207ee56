//! Listeners, and the endpoint: a descriptor by which its holders, and nobody else, can connect to one.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{chmod, fcntl_getfl, fstat, open, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{bind, connect, listen, socket_with, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::handle::{Handle, HandleRef};
pub use super::socket::pair;
use super::socket::{peer_credentials, PeerCredentials};
use crate::error::{BridgeError, Code, Result};
use crate::service;

/// A reference to a listener that travels between processes as a descriptor and has no other name.
///
/// It is the listener's path opened `O_PATH`; the path itself is gone. Connecting goes through `/proc/self/fd/N`.
#[derive(Debug)]
pub struct Endpoint(OwnedFd);

impl Endpoint {
    /// Takes a descriptor that a peer sent, if it is an endpoint.
    pub fn from_handle(fd: Handle) -> Result<Self> {
        let path_only = fcntl_getfl(&fd).is_ok_and(|flags| flags.contains(OFlags::PATH));
        let socket = fstat(&fd).is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Socket);
        if path_only && socket {
            return Ok(Self(fd));
        }
        Err(BridgeError::new(Code::NotEndpoint, "a handle that should be an endpoint is something else"))
    }

    pub fn as_handle(&self) -> HandleRef<'_> {
        self.0.as_fd()
    }

    pub fn try_clone(&self) -> Result<Self> {
        self.0.try_clone().map(Self).map_err(|e| BridgeError::io("cannot duplicate an endpoint", e))
    }

    /// Connects to the listener, as often as one likes.
    pub fn connect(&self) -> Result<(OwnedFd, PeerCredentials)> {
        // The kernel follows this link to the socket itself, without its path.
        connect_path(&PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd())))
            .map_err(|e| BridgeError::io("the endpoint's listener is gone", e.message))
    }
}

/// Connects to a named listener.
pub fn connect_path(path: &Path) -> Result<(OwnedFd, PeerCredentials)> {
    let socket = seqpacket()?;
    let address = SocketAddrUnix::new(path).map_err(|e| BridgeError::io(&format!("bad path {}", path.display()), e))?;
    connect(&socket, &address).map_err(|e| BridgeError::io(&format!("cannot connect to {}", path.display()), e))?;
    let peer = peer_credentials(&socket)?;
    check_user(&peer)?;
    Ok((socket, peer))
}

fn seqpacket() -> Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
        .map_err(|e| BridgeError::io("cannot make a socket", e))
}

fn check_user(peer: &PeerCredentials) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    if peer.uid == own {
        return Ok(());
    }
    Err(BridgeError::new(Code::Permission, format!("process {} belongs to user {}, not {own}", peer.pid, peer.uid)))
}

/// A nonblocking `SOCK_SEQPACKET` listener, at a path or, when anonymous, reachable through its endpoint only.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    endpoint: Option<Endpoint>,
    path: Option<PathBuf>,
}

/// Listeners of this process, so that two never bind the same private path.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl Listener {
    pub fn anonymous() -> Result<Self> {
        let dir = service::runtime_dir()?;
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!(".{}-{n}", std::process::id()));
        // What a process with our pid left behind when it was killed between bind and unlink.
        let _ = std::fs::remove_file(&path);
        let socket = bound(&path)?;
        let fd = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let unlinked = std::fs::remove_file(&path);
        let fd = fd.map_err(|e| BridgeError::io("cannot open the endpoint", e))?;
        unlinked.map_err(|e| BridgeError::io("cannot unlink the endpoint's path", e))?;
        Ok(Self { socket, endpoint: Some(Endpoint::from_handle(fd)?), path: None })
    }

    /// Listens at `path`, whose directory must be private. A socket file that nobody listens at is replaced.
    pub fn named(path: &Path) -> Result<Self> {
        if let Some(dir) = path.parent() {
            service::private_dir(dir)?;
        }
        remove_stale(path)?;
        let socket = bound(path)?;
        chmod(path, Mode::from_raw_mode(0o600)).map_err(|e| BridgeError::io("cannot protect the socket", e))?;
        Ok(Self { socket, endpoint: None, path: Some(path.to_owned()) })
    }

    /// One that somebody else has bound, and whose path is theirs to remove.
    pub fn from_socket(socket: OwnedFd) -> Result<Self> {
        let flags = fcntl_getfl(&socket).map_err(|e| BridgeError::io("cannot use a listener", e))?;
        rustix::fs::fcntl_setfl(&socket, flags | OFlags::NONBLOCK)
            .map_err(|e| BridgeError::io("cannot use a listener", e))?;
        Ok(Self { socket, endpoint: None, path: None })
    }

    /// The endpoint of an anonymous listener: a descriptor of its own each time.
    pub fn endpoint(&self) -> Result<Endpoint> {
        match &self.endpoint {
            Some(endpoint) => endpoint.try_clone(),
            None => Err(BridgeError::new(Code::NotEndpoint, "a named listener has no endpoint; connect to its path")),
        }
    }

    /// The next peer of our own user, or `None` when nobody waits. Strangers are turned away.
    pub fn accept(&self) -> Result<Option<(OwnedFd, PeerCredentials)>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        loop {
            match rustix::net::accept_with(&self.socket, flags) {
                Ok(socket) => {
                    let peer = peer_credentials(&socket)?;
                    if check_user(&peer).is_ok() {
                        return Ok(Some((socket, peer)));
                    }
                }
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(e) => return Err(BridgeError::io("cannot accept a connection", e)),
            }
        }
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Makes way for a new socket at `path`. Only ECONNREFUSED says that nobody listens: a broker with a full backlog answers
/// EAGAIN, one of another user is refused by us.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !meta.file_type().is_socket() {
        return Err(BridgeError::new(
            Code::Io,
            format!("{} is in the way and is no socket; remove it or choose another service name", path.display()),
        ));
    }
    let address = SocketAddrUnix::new(path).map_err(|e| BridgeError::io(&format!("bad path {}", path.display()), e))?;
    match connect(seqpacket()?, &address) {
        Err(Errno::CONNREFUSED) => {
            std::fs::remove_file(path).map_err(|e| BridgeError::io(&format!("cannot replace {}", path.display()), e))
        }
        Err(Errno::NOENT) => Ok(()),
        _ => Err(BridgeError::new(Code::Locked, format!("another process is already listening at {}", path.display()))),
    }
}

fn bound(path: &Path) -> Result<OwnedFd> {
    let socket = seqpacket()?;
    let address = SocketAddrUnix::new(path)
        .map_err(|e| BridgeError::io(&format!("{} is too long for a socket's path", path.display()), e))?;
    bind(&socket, &address).map_err(|e| BridgeError::io(&format!("cannot listen at {}", path.display()), e))?;
    listen(&socket, 128).map_err(|e| BridgeError::io("cannot listen", e))?;
    Ok(socket)
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}
