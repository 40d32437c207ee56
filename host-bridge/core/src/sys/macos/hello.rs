//! The first message of a connection and its answer.
//!
//! XPC connects when the first message is sent, and tells of a listener that is gone only then. One message and its reply
//! at the start make `connect` tell at once, and show each side whom it talks to.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use block2::RcBlock;

use super::encode::{key, text};
use super::ffi::xpc;
use super::link::Link;
use super::object::{Kind, Object};
use crate::error::{BridgeError, Code, Result};
use crate::sys::socket_types::PeerCredentials;

const VERSION: u64 = 1;
/// A listener answers on a thread of its own, whatever its process does; this is for one that was stopped.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

fn greeting(what: &std::ffi::CStr) -> Object {
    let message = Object::dictionary();
    message.set(key::MESSAGE_TYPE, &Object::string(what));
    message.set(key::VERSION, &Object::uint(VERSION));
    message
}

/// Greets the listener and waits for its answer.
pub fn greet(link: &Link) -> Result<()> {
    let answer = Arc::new((Mutex::new(None::<Object>), Condvar::new()));
    let reply_to = answer.clone();
    let handler: RcBlock<dyn Fn(xpc::xpc_object_t)> = RcBlock::new(move |reply: xpc::xpc_object_t| {
        // SAFETY: valid for the time of this call.
        let reply = unsafe { Object::retained(reply) };
        *reply_to.0.lock().unwrap_or_else(PoisonError::into_inner) = reply;
        reply_to.1.notify_all();
    });
    let message = greeting(text::HELLO);
    // SAFETY: all are held; the block is copied; no queue means the system's own.
    unsafe {
        let connection = link.connection().raw();
        let handler = RcBlock::as_ptr(&handler);
        xpc::xpc_connection_send_message_with_reply(connection, message.raw(), std::ptr::null_mut(), handler);
    }
    let guard = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = answer.1.wait_timeout_while(guard, ANSWER_TIMEOUT, |reply| reply.is_none());
    let mut guard = waited.map_or_else(|e| e.into_inner().0, |(guard, _)| guard);
    match guard.take() {
        None => Err(BridgeError::io("the listener does not answer", format!("waited {} s", ANSWER_TIMEOUT.as_secs()))),
        Some(reply) if reply.kind() == Kind::Error => {
            let interrupted = &raw const xpc::_xpc_error_connection_interrupted;
            let interrupted = std::ptr::eq(reply.raw().cast_const(), interrupted.cast());
            let how = if interrupted { "its process ended" } else { "no process is listening, or it refused this one" };
            Err(BridgeError::io("the listener cannot be reached", how))
        }
        Some(reply) => {
            let version = reply.get_uint(key::VERSION);
            if reply.is_text(key::MESSAGE_TYPE, text::WELCOME) && version == Some(VERSION) {
                return Ok(());
            }
            Err(BridgeError::malformed(format!("a listener that answers in another form (version {version:?})")))
        }
    }
}

/// Answers a greeting, after `admit` has let the peer in. False: it was none, or there is no room.
pub fn answer(link: &Link, message: &Object, admit: impl FnOnce() -> bool) -> bool {
    let greeted = message.is_text(key::MESSAGE_TYPE, text::HELLO) && message.get_uint(key::VERSION) == Some(VERSION);
    if !greeted {
        return false;
    }
    // SAFETY: a dictionary is held; null is looked for.
    let Some(reply) = (unsafe { Object::owned(xpc::xpc_dictionary_create_reply(message.raw())) }) else {
        return false;
    };
    // Before the answer: whoever has it may rely on being in the queue.
    if !admit() {
        return false;
    }
    for name in [key::MESSAGE_TYPE, key::VERSION] {
        if let Some(value) = greeting(text::WELCOME).get(name) {
            reply.set(name, &value);
        }
    }
    // SAFETY: both are held.
    unsafe { xpc::xpc_connection_send_message(link.connection().raw(), reply.raw()) };
    true
}

pub fn peer(connection: &Object) -> PeerCredentials {
    // SAFETY: the connection is held.
    let (pid, uid) =
        unsafe { (xpc::xpc_connection_get_pid(connection.raw()), xpc::xpc_connection_get_euid(connection.raw())) };
    PeerCredentials { pid: pid as u32, uid }
}

pub fn check_user(peer: &PeerCredentials) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    if peer.uid == own {
        return Ok(());
    }
    Err(BridgeError::new(Code::Permission, format!("process {} belongs to user {}, not {own}", peer.pid, peer.uid)))
}

/// Where the build is signed, its peers have to satisfy this: set for the build, never by the environment of a process.
const REQUIREMENT: Option<&str> = option_env!("STREAMLIB_CODE_SIGNING_REQUIREMENT");

/// Has the system drop messages of peers that are not signed as they should be. Before the connection is activated.
pub fn require_signature(connection: &Object) -> Result<()> {
    let Some(requirement) = REQUIREMENT.filter(|r| !r.is_empty()) else { return Ok(()) };
    let text = std::ffi::CString::new(requirement).map_err(|_| {
        BridgeError::new(Code::Permission, "the code signing requirement of this build has a NUL in it")
    })?;
    // SAFETY: the connection is held and not yet active, the text is copied.
    match unsafe { xpc::xpc_connection_set_peer_code_signing_requirement(connection.raw(), text.as_ptr()) } {
        0 => Ok(()),
        error => Err(BridgeError::new(
            Code::Permission,
            format!("the code signing requirement of this build is not valid (error {error}): {requirement}"),
        )),
    }
}
