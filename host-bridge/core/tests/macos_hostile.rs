//! A peer that speaks XPC by itself and breaks the form: what it sends ends its connection with a reason, and leaves nothing.

#![cfg(feature = "macos-shim")]

mod ledger;

use std::ffi::{c_char, c_void, CString};
use std::ptr::null_mut;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ledger::Ledger;
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::Code;
use streamlib_bridge::schema::{audio_frame, video_frame};
use streamlib_bridge::sys::endpoint::{self, Listener};
use streamlib_bridge::value::{Value, ValueSink};
use xpc_shim::block2::{Block, RcBlock};

type Raw = *mut c_void;

extern "C" {
    fn xpc_release(object: Raw);
    fn xpc_null_create() -> Raw;
    fn xpc_bool_create(value: bool) -> Raw;
    fn xpc_int64_create(value: i64) -> Raw;
    fn xpc_uint64_create(value: u64) -> Raw;
    fn xpc_data_create(bytes: *const c_void, length: usize) -> Raw;
    fn xpc_string_create(text: *const c_char) -> Raw;
    fn xpc_array_create(objects: *const Raw, count: usize) -> Raw;
    fn xpc_array_append_value(array: Raw, value: Raw);
    fn xpc_dictionary_create(keys: *const *const c_char, values: *const Raw, count: usize) -> Raw;
    fn xpc_dictionary_set_value(dictionary: Raw, key: *const c_char, value: Raw);
    fn xpc_shmem_create(region: *mut c_void, length: usize) -> Raw;
    fn xpc_connection_create_from_endpoint(endpoint: Raw) -> Raw;
    fn xpc_connection_set_event_handler(connection: Raw, handler: *mut Block<dyn Fn(Raw)>);
    fn xpc_connection_activate(connection: Raw);
    fn xpc_connection_cancel(connection: Raw);
    fn xpc_connection_send_message(connection: Raw, message: Raw);
    fn xpc_connection_send_message_with_reply(
        connection: Raw,
        message: Raw,
        queue: Raw,
        handler: *mut Block<dyn Fn(Raw)>,
    );
    fn munmap(start: *mut c_void, length: usize) -> i32;
}

/// A value to be sent, right or wrong.
#[derive(Clone)]
enum X {
    Null,
    Bool(bool),
    I(i64),
    U(u64),
    S(&'static str),
    D(usize),
    /// Of so many numbers.
    Numbers(usize),
    A(Vec<X>),
    M(Vec<(&'static str, X)>),
    /// So many dictionaries around each other.
    Deep(usize),
    /// Shared memory of so many bytes, all zero.
    Memory(usize),
    Endpoint,
}
use X::*;

unsafe fn dictionary() -> Raw {
    // SAFETY: the caller holds what it hands over, and values and names are copied or retained.
    unsafe { xpc_dictionary_create(std::ptr::null(), std::ptr::null(), 0) }
}

unsafe fn set(target: Raw, key: &str, value: Raw) {
    // SAFETY: the caller holds what it hands over, and values and names are copied or retained.
    unsafe {
        let key = CString::new(key).unwrap();
        xpc_dictionary_set_value(target, key.as_ptr(), value);
        xpc_release(value);
    }
}

/// One reference for the caller.
unsafe fn build(x: &X, listener: &Listener) -> Raw {
    // SAFETY: the caller holds what it hands over, and values and names are copied or retained.
    unsafe {
        match x {
            Null => xpc_null_create(),
            Bool(b) => xpc_bool_create(*b),
            I(n) => xpc_int64_create(*n),
            U(n) => xpc_uint64_create(*n),
            S(text) => {
                let text = CString::new(*text).unwrap();
                xpc_string_create(text.as_ptr())
            }
            D(length) => {
                let bytes = vec![0u8; *length];
                xpc_data_create(bytes.as_ptr().cast(), bytes.len())
            }
            Numbers(count) => build(&A(vec![U(0); *count]), listener),
            A(items) => {
                let array = xpc_array_create(std::ptr::null(), 0);
                for item in items {
                    let item = build(item, listener);
                    xpc_array_append_value(array, item);
                    xpc_release(item);
                }
                array
            }
            M(entries) => {
                let target = dictionary();
                for (key, value) in entries {
                    set(target, key, build(value, listener));
                }
                target
            }
            Deep(0) => dictionary(),
            Deep(n) => {
                let target = dictionary();
                set(target, "in", build(&Deep(n - 1), listener));
                target
            }
            Memory(length) => {
                let start = xpc_shim::shared_pages(*length);
                let object = xpc_shmem_create(start, *length);
                munmap(start, *length);
                object
            }
            Endpoint => {
                let endpoint = listener.endpoint().unwrap();
                // Its reference becomes the caller's.
                let raw = endpoint.as_handle().raw();
                std::mem::forget(endpoint);
                raw
            }
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a test alone, and fails it if it leaves something behind.
fn clean(test: impl FnOnce()) {
    let _ledger = Ledger::open();
    test();
    wait_for_quiet();
}

/// The raw peer's own connections are none of the core's, and are waited for here.
static OPEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

fn wait_for_quiet() {
    let open = OPEN.0.lock().unwrap();
    let (open, _) = OPEN.1.wait_timeout_while(open, PATIENCE, |n| *n > 0).unwrap();
    assert_eq!(*open, 0, "a raw connection is still open");
}

struct Gone;
impl Drop for Gone {
    fn drop(&mut self) {
        *OPEN.0.lock().unwrap() -= 1;
        OPEN.1.notify_all();
    }
}

struct Attacker(Raw);

impl Attacker {
    fn new(listener: &Listener) -> Self {
        *OPEN.0.lock().unwrap() += 1;
        let gone = Gone;
        let handler: RcBlock<dyn Fn(Raw)> = RcBlock::new(move |_: Raw| {
            let _ = &gone;
        });
        // SAFETY: an endpoint that is held; the block is copied.
        unsafe {
            let connection = xpc_connection_create_from_endpoint(listener.endpoint().unwrap().as_handle().raw());
            xpc_connection_set_event_handler(connection, RcBlock::as_ptr(&handler));
            xpc_connection_activate(connection);
            Self(connection)
        }
    }

    /// Sends a message and waits for the answer, whatever it is.
    fn ask(&self, message: &X, listener: &Listener) {
        let answered = Arc::new((Mutex::new(false), Condvar::new()));
        let tell = answered.clone();
        let handler: RcBlock<dyn Fn(Raw)> = RcBlock::new(move |_: Raw| {
            *tell.0.lock().unwrap() = true;
            tell.1.notify_all();
        });
        // SAFETY: built here; the block is copied.
        unsafe {
            let message = build(message, listener);
            xpc_connection_send_message_with_reply(self.0, message, null_mut(), RcBlock::as_ptr(&handler));
            xpc_release(message);
        }
        let guard = answered.0.lock().unwrap();
        let (answered, _) = answered.1.wait_timeout_while(guard, PATIENCE, |done| !*done).unwrap();
        assert!(*answered, "no answer came");
    }

    fn send(&self, message: &X, listener: &Listener) {
        // SAFETY: built here.
        unsafe {
            let message = build(message, listener);
            xpc_connection_send_message(self.0, message);
            xpc_release(message);
        }
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // SAFETY: held since `new`.
        unsafe {
            xpc_connection_cancel(self.0);
            xpc_release(self.0);
        }
    }
}

fn hello() -> X {
    M(vec![("msg_type", S("hello")), ("version", U(1))])
}

/// A raw peer that was let in, and the connection that it attacks.
fn pair(listener: &Listener) -> (Attacker, Connection) {
    let attacker = Attacker::new(listener);
    attacker.ask(&hello(), listener);
    let (socket, peer) = listener.accept().unwrap().expect("it was let in");
    let victim = Connection::new(socket, peer);
    let ports = || vec![("video".to_owned(), video_frame()), ("audio".to_owned(), audio_frame())];
    victim.define_ports(ports(), ports()).unwrap();
    (attacker, victim)
}

fn outcome(victim: &Connection) -> Result<Option<Event<Value>>, streamlib_bridge::error::BridgeError> {
    loop {
        match victim.receive(&mut ValueSink, &mut Vec::new()) {
            Ok(None) => assert!(victim.wait(false, Some(PATIENCE)).unwrap(), "nothing came"),
            other => return other,
        }
    }
}

fn control(body: X) -> X {
    M(vec![("msg_type", S("control")), ("body", body)])
}

fn frame(fields: Vec<(&'static str, X)>) -> X {
    M(vec![("msg_type", S("frame")), ("port", U(0)), ("frame_id", U(1)), ("body", M(fields))])
}

fn handle(changes: &[(&'static str, X)]) -> X {
    let mut entries = vec![
        ("@", S("texture")),
        ("returned", Bool(false)),
        ("segment", U(5)),
        ("slot", U(0)),
        ("generation", U(1)),
        ("width", U(8)),
        ("height", U(8)),
        ("stride", U(32)),
        ("format", U(3)),
        ("memory", Memory(8192)),
    ];
    for (key, value) in changes {
        entries.retain(|(known, _)| known != key);
        entries.push((key, value.clone()));
    }
    M(entries)
}

fn video(buffer: X) -> X {
    frame(vec![("pixel_buffer", buffer), ("timestamp_ns", I(1)), ("frame_number", U(1)), ("media_time", Null)])
}

#[test]
fn the_good_messages_that_the_others_are_bent_from_pass() {
    clean(|| {
        let listener = Listener::anonymous().unwrap();
        let (attacker, victim) = pair(&listener);
        let body = M(vec![
            ("n", I(-3)),
            ("list", A(vec![Null, Bool(true), S("x")])),
            ("data", D(3)),
            ("@@at", U(u64::MAX)),
            ("text", M(vec![("@", S("text")), ("data", D(2))])),
        ]);
        attacker.send(&control(body), &listener);
        let Some(Event::Control(message)) = outcome(&victim).unwrap() else { panic!("no message") };
        let list = Value::Array(vec![Value::Null, Value::Bool(true), Value::String("x".into())]);
        let expected = [
            ("n", Value::Int(-3)),
            ("list", list),
            ("data", Value::Bytes(vec![0; 3])),
            ("@at", Value::UInt(u64::MAX)),
            ("text", Value::String("\0\0".into())),
        ];
        for (key, value) in expected {
            assert_eq!(message.get(key), Some(&value), "{key}");
        }
    });
}

#[test]
fn messages_that_break_the_form_end_their_connection_with_a_reason_and_leave_nothing() {
    let cases = [
        ("no type", M(vec![("body", M(vec![]))])),
        ("a type that is no string", M(vec![("msg_type", U(1)), ("body", M(vec![]))])),
        ("an unknown type", M(vec![("msg_type", S("greetings")), ("body", M(vec![]))])),
        ("no body", M(vec![("msg_type", S("control"))])),
        (
            "a port too large",
            M(vec![("msg_type", S("frame")), ("port", U(65_536)), ("frame_id", U(1)), ("body", M(vec![]))]),
        ),
        (
            "a port that is signed",
            M(vec![("msg_type", S("frame")), ("port", I(0)), ("frame_id", U(1)), ("body", M(vec![]))]),
        ),
        ("no number of the frame", M(vec![("msg_type", S("frame")), ("port", U(0)), ("body", M(vec![]))])),
        (
            "a frame that is no dictionary",
            M(vec![("msg_type", S("frame")), ("port", U(0)), ("frame_id", U(1)), ("body", U(1))]),
        ),
        ("half an acknowledgement", M(vec![("msg_type", S("control")), ("acks", Numbers(3)), ("body", M(vec![]))])),
        (
            "acknowledgements without end",
            M(vec![("msg_type", S("control")), ("acks", Numbers(514)), ("body", M(vec![]))]),
        ),
        (
            "an acknowledgement of text",
            M(vec![("msg_type", S("control")), ("acks", A(vec![S("a"), U(1)])), ("body", M(vec![]))]),
        ),
        (
            "an acknowledgement of no port",
            M(vec![("msg_type", S("control")), ("acks", A(vec![U(9), U(1)])), ("body", M(vec![]))]),
        ),
        (
            "an acknowledgement of a huge port",
            M(vec![("msg_type", S("control")), ("acks", A(vec![U(1 << 40), U(1)])), ("body", M(vec![]))]),
        ),
        ("acknowledgements that are no list", M(vec![("msg_type", S("control")), ("acks", U(2)), ("body", M(vec![]))])),
        (
            "a release of what was never lent",
            M(vec![("msg_type", S("housekeeping")), ("releases", Numbers(4)), ("body", A(vec![]))]),
        ),
        (
            "a release of a huge slot",
            M(vec![
                ("msg_type", S("housekeeping")),
                ("releases", A(vec![U(1), U(1 << 33), U(1), U(1)])),
                ("body", A(vec![])),
            ]),
        ),
        ("housekeeping that is no list", M(vec![("msg_type", S("housekeeping")), ("body", M(vec![]))])),
        ("housekeeping of text", M(vec![("msg_type", S("housekeeping")), ("body", A(vec![S("x")]))])),
        ("values nested without end", control(Deep(60))),
        ("values nested too deeply", control(Deep(30))),
        ("a body too long", control(M(vec![("a", D(9 << 20)), ("b", D(9 << 20))]))),
        ("more handles than a message has", control(A(vec![Endpoint; 17]))),
        ("shared memory among the values", control(M(vec![("x", Memory(8192))]))),
        ("a texture in a control message", control(M(vec![("x", handle(&[]))]))),
        ("a mark that is no text", control(M(vec![("x", M(vec![("@", U(1))]))]))),
        ("an unknown mark", control(M(vec![("x", M(vec![("@", S("door"))]))]))),
        ("text without data", control(M(vec![("x", M(vec![("@", S("text"))]))]))),
        ("a frame with a field too few", frame(vec![("timestamp_ns", I(1)), ("frame_number", U(1))])),
        ("a frame with another field", frame(vec![("pixels", Null), ("timestamp_ns", I(1)), ("frame_number", U(1))])),
        (
            "a signed number for an unsigned one",
            frame(vec![("pixel_buffer", handle(&[])), ("timestamp_ns", I(1)), ("frame_number", I(1))]),
        ),
        ("null for a texture", video(Null)),
        ("an endpoint for a texture", video(Endpoint)),
        ("a texture in plain memory", video(handle(&[]))),
        ("a texture in no memory", video(handle(&[("memory", S("none"))]))),
        ("a texture in an endpoint", video(handle(&[("memory", Endpoint)]))),
        (
            "a texture of a segment that never crossed",
            video(handle(&[("segment", U(77)), ("returned", Bool(false)), ("memory", Null)])),
        ),
        ("a returned texture with memory", video(handle(&[("returned", Bool(true))]))),
        ("a handle of no origin", video(handle(&[("returned", U(0))]))),
        ("a handle without a slot", video(handle(&[("slot", Null)]))),
        ("a huge slot", video(handle(&[("slot", U(1 << 32))]))),
        ("a huge width", video(handle(&[("width", U(1 << 40))]))),
        ("an unknown pixel format", video(handle(&[("format", U(99))]))),
        ("a format that is no byte", video(handle(&[("format", U(300))]))),
        ("a format with the mark of colours", video(handle(&[("format", U(0x83))]))),
        ("colours that are no data", video(handle(&[("colour", U(1))]))),
        ("colours that are too short", video(handle(&[("colour", D(3))]))),
        ("colours that there are not", video(handle(&[("colour", D(4))]))),
        ("a picture of several planes that lies in a surface's place", video(handle(&[("format", U(15))]))),
        ("a buffer for a texture", video(handle(&[("@", S("buffer")), ("length", U(8))]))),
        ("memory of one page", video(handle(&[("memory", Memory(4096))]))),
    ];
    for (what, message) in cases {
        clean(|| {
            let listener = Listener::anonymous().unwrap();
            let (attacker, victim) = pair(&listener);
            attacker.send(&message, &listener);
            match outcome(&victim) {
                Err(e) => assert!(matches!(e.code, Code::Malformed | Code::NotEndpoint), "{what}: {e:?}"),
                Ok(other) => panic!("{what} passed: {other:?}"),
            }
            assert!(victim.is_closed());
        });
    }
}

#[test]
fn who_does_not_greet_is_not_let_in_and_others_are() {
    let openings = [
        control(M(vec![])),
        M(vec![]),
        M(vec![("msg_type", S("hello"))]),
        M(vec![("msg_type", S("hello")), ("version", U(2))]),
        M(vec![("msg_type", S("hello")), ("version", I(1))]),
    ];
    for opening in openings {
        clean(|| {
            let listener = Listener::anonymous().unwrap();
            let attacker = Attacker::new(&listener);
            attacker.ask(&opening, &listener);
            assert!(listener.accept().unwrap().is_none());
            let (good, victim) = pair(&listener);
            good.send(&control(M(vec![])), &listener);
            assert!(matches!(outcome(&victim), Ok(Some(Event::Control(_)))));
        });
    }
    clean(|| {
        // A greeting that does not ask for an answer.
        let listener = Listener::anonymous().unwrap();
        let attacker = Attacker::new(&listener);
        attacker.send(&hello(), &listener);
        attacker.ask(&hello(), &listener);
        assert!(listener.accept().unwrap().is_none());
    });
}

#[test]
fn a_peer_that_does_not_keep_to_the_window_is_thrown_out() {
    clean(|| {
        let listener = Listener::anonymous().unwrap();
        let (attacker, victim) = pair(&listener);
        for _ in 0..300 {
            attacker.send(&control(M(vec![])), &listener);
        }
        assert!(victim.wait_hang_up(PATIENCE), "three hundred messages that nobody read");
        // What came before is still there, then the reason.
        let mut whole = 0;
        let error = loop {
            match outcome(&victim) {
                Ok(Some(Event::Control(_))) => whole += 1,
                Ok(other) => panic!("{other:?}"),
                Err(e) => break e,
            }
        };
        assert_eq!((whole, error.code), (256, Code::Malformed));
    });
    clean(|| {
        let listener = Listener::anonymous().unwrap();
        let (attacker, victim) = pair(&listener);
        attacker.send(&M(vec![("msg_type", S("credit")), ("credit", U(1))]), &listener);
        assert_eq!(outcome(&victim).unwrap_err().code, Code::Malformed);
    });
}

#[test]
fn peers_that_connect_and_say_nothing_do_not_keep_others_out_for_ever() {
    clean(|| {
        let listener = Listener::anonymous().unwrap();
        let silent: Vec<Attacker> = (0..140).map(|_| Attacker::new(&listener)).collect();
        drop(silent);
        wait_for_quiet();
        // Those that went are noticed when the next one comes.
        let found = std::iter::from_fn(|| Some(Connection::connect(&listener.endpoint().unwrap()))).find(Result::is_ok);
        drop((found, listener.accept().unwrap().expect("it was let in")));
        assert!(endpoint::pair().is_ok());
    });
}
