//! Another process to speak with over XPC (test/xpc-shim/peer.rs).

// Each test file uses some of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::BridgeError;
use streamlib_bridge::memory::{Frame, FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::schema::{audio_frame, video_frame};
use streamlib_bridge::sys::endpoint::Listener;
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::{Value, ValueSink};

pub const PATIENCE: Duration = Duration::from_secs(10);

/// Another process, connected to a service of this one. Killed when dropped.
pub struct Peer {
    pub child: Child,
    pub link: Connection,
    _listener: Listener,
}

pub fn service_name() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    PathBuf::from(format!(
        "/nowhere/com.tatolab.test.{}.{}.sock",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

pub fn accept(listener: &Listener) -> Connection {
    loop {
        if let Some((socket, peer)) = listener.accept().unwrap() {
            return Connection::new(socket, peer);
        }
        assert!(socket::wait(listener.as_fd(), false, Some(PATIENCE)).unwrap(), "nobody came");
    }
}

impl Peer {
    /// A process that connects to a service of this one, and is not let in yet.
    pub fn knocking(role: &str) -> (Child, Listener) {
        let service = service_name();
        let listener = Listener::named(&service).unwrap();
        // The name is taken on a thread of XPC's: this process connecting to itself shows that it is there.
        while Connection::connect_named(&service).is_err() {
            std::thread::yield_now();
        }
        accept(&listener);
        let child = Command::new(env!("CARGO_BIN_EXE_macos-peer")).arg(&service).arg(role).spawn().unwrap();
        (child, listener)
    }

    pub fn start(role: &str) -> Self {
        let (child, listener) = Self::knocking(role);
        let link = accept(&listener);
        assert_eq!(link.peer().pid, child.id());
        let ports = || vec![("video".to_owned(), video_frame()), ("audio".to_owned(), audio_frame())];
        link.define_ports(ports(), ports()).unwrap();
        Self { child, link, _listener: listener }
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn next(c: &Connection) -> Event<Value> {
    loop {
        match receive(c).expect("a well-formed message") {
            Some(event) => return event,
            None => assert!(c.wait(false, Some(PATIENCE)).unwrap(), "nothing came"),
        }
    }
}

pub fn receive(c: &Connection) -> Result<Option<Event<Value>>, BridgeError> {
    c.receive(&mut ValueSink, &mut Vec::new())
}

/// Waits for a control message that says so.
pub fn hear(c: &Connection, what: &str) -> Value {
    loop {
        if let Event::Control(message) = next(c) {
            assert_eq!(message.get("at"), Some(&Value::String(what.into())));
            return message;
        }
    }
}

pub fn until_closed(c: &Connection) {
    while !matches!(next(c), Event::Closed) {}
}

pub fn texture(pool: &FramePool, fill: u8) -> Frame {
    let layout = TextureLayout::packed(64, 32, PixelFormat::Bgra8).unwrap();
    let frame = pool.texture(layout).unwrap().expect("a free slot");
    let start = frame.memory.ptr_mut().expect("a fresh frame is writable");
    // SAFETY: the slot is at least as long as the layout, and nobody else holds it.
    unsafe { start.write_bytes(fill, layout.byte_length()) };
    frame
}

pub fn video(frame: Frame, number: u64) -> Value {
    Value::dictionary([
        ("pixel_buffer", Value::Frame(frame)),
        ("timestamp_ns", Value::Int(5)),
        ("frame_number", Value::UInt(number)),
    ])
}

pub fn frame_of(value: &Value) -> &Frame {
    match value.get("pixel_buffer") {
        Some(Value::Frame(frame)) => frame,
        other => panic!("no texture: {other:?}"),
    }
}
