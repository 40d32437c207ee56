//! The other process of macos_faults.rs: connects to a service, does what its role says, and waits to be killed.

use std::path::Path;
use std::time::Duration;

use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::BridgeError;
use streamlib_bridge::memory::{FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::schema::{audio_frame, video_frame};
use streamlib_bridge::sys::endpoint::Listener;
use streamlib_bridge::value::{Value, ValueSink};

fn next(c: &Connection) -> Event<Value> {
    loop {
        if let Some(event) = c.receive(&mut ValueSink, &mut Vec::new()).expect("a well-formed message") {
            return event;
        }
        c.wait(false, Some(Duration::from_secs(30))).expect("the descriptor can be waited for");
    }
}

/// A parent that is gone, or that interrupted this connection, has seen enough.
fn sent<T>(outcome: Result<T, BridgeError>) {
    if outcome.is_err() {
        std::process::exit(0);
    }
}

fn say(c: &Connection, what: &str) {
    sent(c.send_control(&&Value::dictionary([("at", Value::String(what.into()))]), None));
}

fn ports(c: &Connection) {
    let list = || vec![("video".to_owned(), video_frame()), ("audio".to_owned(), audio_frame())];
    c.define_ports(list(), list()).expect("once");
}

/// Until the parent is gone, or kills this process.
fn stay(c: &Connection) -> ! {
    while !matches!(next(c), Event::Closed) {}
    std::process::exit(0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, service, role] = arguments.as_slice() else { panic!("macos-peer <service> <role>") };
    let c = Connection::connect_named(Path::new(service)).expect("the service is there");
    match role.as_str() {
        "idle" => {
            say(&c, "connected");
            stay(&c)
        }
        // Connects, and never reads anything.
        "deaf" => loop {
            std::thread::park();
        },
        // Holds every frame that it is sent.
        "hold" => {
            ports(&c);
            say(&c, "ready");
            let mut held = Vec::new();
            loop {
                match next(&c) {
                    Event::Frame { value, .. } => {
                        held.push(value);
                        say(&c, "holding");
                    }
                    Event::Closed => std::process::exit(0),
                    _ => {}
                }
            }
        }
        // Sends every frame back.
        "echo" => {
            ports(&c);
            say(&c, "ready");
            loop {
                match next(&c) {
                    Event::Frame { port, frame_id, value } => {
                        sent(c.send_frame(port, frame_id, &&value));
                        drop(value);
                        sent(c.flush());
                    }
                    Event::Closed => std::process::exit(0),
                    _ => {}
                }
            }
        }
        // Sends frames of its own as long as there are slots.
        "produce" => {
            ports(&c);
            let pool = FramePool::new(4);
            let layout = TextureLayout::packed(64, 32, PixelFormat::Bgra8).expect("a good size");
            for number in 0..4 {
                let frame = pool.texture(layout).expect("memory").expect("a slot");
                let start = frame.memory.ptr_mut().expect("a fresh frame");
                // SAFETY: as long as the layout, and nobody else has it.
                unsafe { start.write_bytes(40 + number as u8, layout.byte_length()) };
                let value = Value::dictionary([
                    ("pixel_buffer", Value::Frame(frame)),
                    ("timestamp_ns", Value::Int(1)),
                    ("frame_number", Value::UInt(number)),
                ]);
                sent(c.send_frame(0, number, &&value));
            }
            say(&c, "produced");
            stay(&c)
        }
        // Hands over an endpoint, and takes whoever comes.
        "listen" => {
            let listener = Listener::anonymous().expect("a listener");
            let message = Value::dictionary([("at", Value::String("listening".into()))]);
            sent(c.send_control(&&message, Some(&listener.endpoint().expect("anonymous"))));
            let mut taken = Vec::new();
            loop {
                streamlib_bridge::sys::socket::wait(listener.as_fd(), false, None).expect("a descriptor");
                while let Some((socket, peer)) = listener.accept().expect("it listens") {
                    let direct = Connection::new(socket, peer);
                    say(&direct, "direct");
                    taken.push(direct);
                }
            }
        }
        // Control messages without end.
        "talk" => loop {
            say(&c, "again");
            if c.wants_write() {
                c.wait(true, None).expect("a descriptor");
                sent(c.write_ready());
            }
        },
        other => panic!("no role {other}"),
    }
}
