//! A listener that speaks XPC by itself and answers a greeting in another form, or not at all: whoever connects is told, and
//! nothing is left.

#![cfg(feature = "macos-shim")]

mod ledger;
mod macos_peer;

use std::ffi::{c_char, c_void, CStr};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

use ledger::{counts, Ledger};
use macos_peer::*;
use streamlib_bridge::connection::Connection;
use streamlib_bridge::error::Code;
use streamlib_bridge::sys::endpoint::Endpoint;
use streamlib_bridge::sys::handle::Handle;
use streamlib_bridge::sys::process::wait_for_teardown;
use xpc_shim::block2::{Block, RcBlock};

type Raw = *mut c_void;

extern "C" {
    fn xpc_connection_create(name: *const c_char, queue: Raw) -> Raw;
    fn xpc_endpoint_create(connection: Raw) -> Raw;
    fn xpc_connection_set_event_handler(connection: Raw, handler: *mut Block<dyn Fn(Raw)>);
    fn xpc_connection_activate(connection: Raw);
    fn xpc_connection_cancel(connection: Raw);
    fn xpc_connection_send_message(connection: Raw, message: Raw);
    fn xpc_dictionary_create_reply(message: Raw) -> Raw;
}

/// What a listener does with a connection's first message.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// With these: the type, as text or as something else, and the version.
    Says(Option<&'static CStr>, Option<u64>),
    TypeIsNumber,
    VersionIsSigned,
    Cancels,
}

fn is(object: &Handle, kind: &str) -> bool {
    format!("{:?}", object.kind()) == kind
}

fn entries(answer: Answer) -> Vec<(&'static CStr, Handle)> {
    match answer {
        Answer::Says(what, version) => {
            let what = what.map(|text| (c"msg_type", Handle::string(text)));
            what.into_iter().chain(version.map(|n| (c"version", Handle::uint(n)))).collect()
        }
        Answer::TypeIsNumber => vec![(c"msg_type", Handle::uint(1)), (c"version", Handle::uint(1))],
        Answer::VersionIsSigned => vec![(c"msg_type", Handle::string(c"welcome")), (c"version", Handle::int(1))],
        Answer::Cancels => vec![],
    }
}

/// Connections that came in, kept until the test is over, as the listener's owner has to.
type Incoming = Arc<Mutex<Vec<Handle>>>;

unsafe fn set_handler(connection: Raw, handler: impl Fn(Handle) + 'static) {
    // SAFETY: the caller holds what it hands over; blocks are copied.
    unsafe {
        let handler: RcBlock<dyn Fn(Raw)> = RcBlock::new(move |event: Raw| {
            // An event is valid for the time of this call.
            if let Some(event) = Handle::retained(event.cast()) {
                handler(event);
            }
        });
        xpc_connection_set_event_handler(connection, RcBlock::as_ptr(&handler));
        xpc_connection_activate(connection);
    }
}

unsafe fn respond(connection: &Handle, message: &Handle, answer: Answer) {
    // SAFETY: the caller holds what it hands over; blocks are copied.
    unsafe {
        if matches!(answer, Answer::Cancels) {
            return xpc_connection_cancel(connection.raw().cast());
        }
        let reply =
            Handle::owned(xpc_dictionary_create_reply(message.raw().cast()).cast()).expect("it asks for an answer");
        for (key, value) in entries(answer) {
            reply.set(key, &value);
        }
        xpc_connection_send_message(connection.raw().cast(), reply.raw().cast());
    }
}

fn listen(answer: Answer, incoming: &Incoming) -> (Handle, Endpoint) {
    // SAFETY: all are held as long as they are used; blocks are copied.
    unsafe {
        let listener = Handle::owned(xpc_connection_create(std::ptr::null(), null_mut()).cast()).expect("a listener");
        let kept = incoming.clone();
        set_handler(listener.raw().cast(), move |event| {
            if !is(&event, "Connection") {
                return;
            }
            let connection = event.clone();
            kept.lock().unwrap().push(event.clone());
            // The connection keeps its handler: a reference in there would keep it for ever, so only its address is.
            let address = connection.raw() as usize;
            set_handler(connection.raw().cast(), move |message| {
                if is(&message, "Dictionary") {
                    if let Some(connection) = Handle::retained(address as _) {
                        respond(&connection, &message, answer);
                    }
                }
            });
        });
        let endpoint = Handle::owned(xpc_endpoint_create(listener.raw().cast()).cast()).expect("an endpoint");
        (listener, Endpoint::from_handle(endpoint).unwrap())
    }
}

#[test]
fn a_listener_that_answers_in_another_form_is_not_connected_to() {
    let cases = [
        (Answer::Says(None, None), Code::Malformed),
        (Answer::Says(Some(c"welcome"), None), Code::Malformed),
        (Answer::Says(Some(c"welcome"), Some(2)), Code::Malformed),
        (Answer::Says(Some(c"hello"), Some(1)), Code::Malformed),
        (Answer::Says(None, Some(1)), Code::Malformed),
        (Answer::TypeIsNumber, Code::Malformed),
        (Answer::VersionIsSigned, Code::Malformed),
        (Answer::Cancels, Code::Io),
    ];
    for (answer, code) in cases {
        let _ledger = Ledger::open();
        let incoming = Incoming::default();
        let (listener, endpoint) = listen(answer, &incoming);
        // Twice: the endpoint is as good as before.
        for _ in 0..2 {
            assert_eq!(Connection::connect(&endpoint).unwrap_err().code, code, "{answer:?}");
        }
        for connection in incoming.lock().unwrap().drain(..) {
            // SAFETY: held, and active.
            unsafe { xpc_connection_cancel(connection.raw().cast()) };
        }
        // SAFETY: as above.
        unsafe { xpc_connection_cancel(listener.raw().cast()) };
        drop((listener, endpoint));
        assert!(wait_for_teardown(PATIENCE));
        until_released();
    }
}

#[test]
fn what_the_library_no_longer_lists_has_closed_its_descriptors() {
    let _ledger = Ledger::open();
    for _ in 0..500 {
        let before = counts().descriptors;
        // SAFETY: held until it is cancelled.
        unsafe {
            let listener =
                Handle::owned(xpc_connection_create(std::ptr::null(), null_mut()).cast()).expect("a listener");
            set_handler(listener.raw().cast(), |_| {});
            xpc_connection_cancel(listener.raw().cast());
        }
        until_released();
        assert_eq!(counts().descriptors, before);
    }
}

/// The library lets go of a cancelled connection on a thread of its own.
fn until_released() {
    let end = std::time::Instant::now() + PATIENCE;
    while !xpc_shim::ledger().objects.is_empty() && std::time::Instant::now() < end {
        std::thread::yield_now();
    }
}
