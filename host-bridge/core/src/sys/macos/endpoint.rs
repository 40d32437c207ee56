//! Listeners, and the endpoint: an object by which its holders, and nobody else, can connect to one.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Weak};

use block2::RcBlock;

use super::backlog::{Backlog, Pending};
use super::ffi::xpc;
use super::handle::{Handle, HandleRef};
use super::hello;
use super::link::Link;
use super::listening::Listening;
use super::object::{Kind, Object};
use super::process::Token;
use super::signal::Signal;
use super::socket::{PeerCredentials, Socket};
use crate::error::{BridgeError, Code, Result};

/// A reference to a listener that travels between processes and has no other name.
#[derive(Debug)]
pub struct Endpoint(Object);

impl Endpoint {
    /// Takes an object that a peer sent, if it is an endpoint.
    pub fn from_handle(object: Handle) -> Result<Self> {
        if object.kind() == Kind::Endpoint {
            return Ok(Self(object));
        }
        Err(BridgeError::new(Code::NotEndpoint, "a handle that should be an endpoint is something else"))
    }

    pub fn as_handle(&self) -> HandleRef<'_> {
        &self.0
    }

    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self(self.0.clone()))
    }

    /// Connects to the listener, as often as one likes.
    pub fn connect(&self) -> Result<(Socket, PeerCredentials)> {
        // SAFETY: an endpoint, which is held.
        let connection = unsafe { Object::owned(xpc::xpc_connection_create_from_endpoint(self.0.raw())) };
        connect(connection).map_err(|e| match e.code {
            Code::Io => BridgeError::io("the endpoint's listener is gone", e.message),
            _ => e,
        })
    }
}

/// Connects to a named listener: a Mach service that launchd knows.
pub fn connect_path(path: &Path) -> Result<(Socket, PeerCredentials)> {
    let name = service(path)?;
    // SAFETY: the name is copied; no queue means the system's own.
    let connection =
        unsafe { Object::owned(xpc::xpc_connection_create_mach_service(name.as_ptr(), ptr::null_mut(), 0)) };
    connect(connection).map_err(|e| match e.code {
        Code::Io => BridgeError::io(&format!("cannot connect to the service {}", name.to_string_lossy()), e.message),
        _ => e,
    })
}

fn connect(connection: Option<Object>) -> Result<(Socket, PeerCredentials)> {
    let connection = connection.ok_or_else(|| BridgeError::io("XPC made no connection", "out of resources"))?;
    if let Err(e) = hello::require_signature(&connection) {
        dispose(&connection);
        return Err(e);
    }
    let link = Link::open(connection, None)?;
    hello::greet(&link)?;
    let peer = hello::peer(link.connection());
    hello::check_user(&peer)?;
    Ok((Socket::over(link), peer))
}

/// A connection must be active before it may be released.
fn dispose(connection: &Object) {
    let handler: RcBlock<dyn Fn(xpc::xpc_object_t)> = RcBlock::new(|_event: xpc::xpc_object_t| {});
    // SAFETY: the connection is held; the block is copied.
    unsafe {
        xpc::xpc_connection_set_event_handler(connection.raw(), RcBlock::as_ptr(&handler));
        xpc::xpc_connection_activate(connection.raw());
        xpc::xpc_connection_cancel(connection.raw());
    }
}

/// The name of the Mach service that a path stands for: its last part without `.sock`. Above this module a named listener
/// is a path on both systems.
fn service(path: &Path) -> Result<CString> {
    let name = path.file_name().and_then(|name| name.to_str()).map(|name| name.strip_suffix(".sock").unwrap_or(name));
    let name = name.filter(|name| !name.is_empty()).and_then(|name| CString::new(name).ok());
    name.ok_or_else(|| BridgeError::new(Code::Io, format!("{} names no Mach service", path.display())))
}

/// A listener, with a name that launchd knows or, when anonymous, reachable through its endpoint only.
#[derive(Debug)]
pub struct Listener {
    listening: Arc<Listening>,
    backlog: Arc<Backlog>,
    endpoint: Option<Endpoint>,
}

impl Listener {
    pub fn anonymous() -> Result<Self> {
        // SAFETY: no name means an anonymous listener, no queue the system's own.
        let connection = unsafe { Object::owned(xpc::xpc_connection_create(ptr::null(), ptr::null_mut())) };
        let mut listener = Self::over(connection)?;
        // SAFETY: an anonymous listener, which is held.
        let endpoint = unsafe { Object::owned(xpc::xpc_endpoint_create(listener.listening.connection().raw())) };
        let endpoint = endpoint.ok_or_else(|| BridgeError::io("XPC made no endpoint", "out of resources"))?;
        listener.endpoint = Some(Endpoint(endpoint));
        Ok(listener)
    }

    /// Listens under the name of a Mach service, which this process's launchd property list must hold.
    pub fn named(path: &Path) -> Result<Self> {
        let name = service(path)?;
        let flags = xpc::XPC_CONNECTION_MACH_SERVICE_LISTENER;
        // SAFETY: the name is copied; no queue means the system's own.
        let connection =
            unsafe { Object::owned(xpc::xpc_connection_create_mach_service(name.as_ptr(), ptr::null_mut(), flags)) };
        Self::over(connection)
    }

    fn over(connection: Option<Object>) -> Result<Self> {
        let connection = connection.ok_or_else(|| BridgeError::io("XPC made no listener", "out of resources"))?;
        let made = hello::require_signature(&connection).and_then(|()| Signal::new());
        let signal = match made {
            Ok(signal) => signal,
            Err(e) => {
                dispose(&connection);
                return Err(e);
            }
        };
        let backlog = Arc::new(Backlog::new(signal));
        let (weak, token): (Weak<Backlog>, Token) = (Arc::downgrade(&backlog), Token::new());
        let handler: RcBlock<dyn Fn(xpc::xpc_object_t)> = RcBlock::new(move |event: xpc::xpc_object_t| {
            let _ = &token;
            // SAFETY: an event is valid for the time of this call.
            let Some(event) = (unsafe { Object::retained(event) }) else { return };
            match weak.upgrade() {
                Some(backlog) => backlog.event(&event),
                // The listener is closed, and only lives on for the connections that came through it.
                None if event.kind() == Kind::Connection => {
                    // SAFETY: held. A connection from a listener may be cancelled without having been activated.
                    unsafe { xpc::xpc_connection_cancel(event.raw()) };
                }
                None => {}
            }
        });
        // SAFETY: the connection is held and not yet active; the block is copied.
        unsafe {
            xpc::xpc_connection_set_event_handler(connection.raw(), RcBlock::as_ptr(&handler));
            xpc::xpc_connection_activate(connection.raw());
        }
        Ok(Self { listening: Arc::new(Listening::over(connection)), backlog, endpoint: None })
    }

    /// The endpoint of an anonymous listener: a reference of its own each time.
    pub fn endpoint(&self) -> Result<Endpoint> {
        match &self.endpoint {
            Some(endpoint) => endpoint.try_clone(),
            None => Err(BridgeError::new(Code::NotEndpoint, "a named listener has no endpoint; connect to its name")),
        }
    }

    /// The next peer of our own user, or `None` when nobody waits. Strangers were turned away.
    pub fn accept(&self) -> Result<Option<(Socket, PeerCredentials)>> {
        let link = match self.backlog.take() {
            Pending::Peer(link) => link,
            Pending::None => return Ok(None),
            Pending::Failed => {
                return Err(BridgeError::io(
                    "cannot listen",
                    "launchd does not know this name, or another process has it; install the service first (streamlib broker install)",
                ));
            }
        };
        link.keep_listening(self.listening.clone());
        let peer = hello::peer(link.connection());
        Ok(Some((Socket::over(link), peer)))
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.backlog.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.backlog.close();
    }
}

/// A connected pair, for tests.
pub fn pair() -> Result<(Socket, Socket)> {
    let listener = Listener::anonymous()?;
    let (a, _) = listener.endpoint()?.connect()?;
    let (b, _) = listener.accept()?.ok_or_else(|| BridgeError::new(Code::Io, "a greeted peer was not let in"))?;
    Ok((a, b))
}
