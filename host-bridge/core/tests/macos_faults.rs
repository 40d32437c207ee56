//! What can go wrong between processes over XPC, on the library that stands in for it: peers that are killed or interrupted, that
//! come back, names that are taken. `macos_steps.rs` kills a peer at each step of a connection's life.

#![cfg(feature = "macos-shim")]

mod ledger;
mod macos_peer;

use std::path::PathBuf;
use std::time::Duration;

use ledger::Ledger;
use macos_peer::*;
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::Code;
use streamlib_bridge::memory::{Frame, FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::sys::endpoint::{Endpoint, Listener};
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::Value;

#[test]
fn a_peer_that_is_killed_is_gone_at_once() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("idle");
    hear(&peer.link, "connected");
    assert!(!peer.link.wait_hang_up(Duration::ZERO));
    peer.kill();
    assert!(peer.link.wait_hang_up(PATIENCE));
    until_closed(&peer.link);
    assert_eq!(peer.link.send_control(&&Value::dictionary([]), None).unwrap_err().code, Code::Closed);
}

#[test]
fn frames_that_a_killed_peer_held_come_back_and_their_surfaces_are_used_again() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("hold");
    hear(&peer.link, "ready");
    let pool = FramePool::new(3);
    for number in 0..3 {
        peer.link.send_frame(0, number, &&video(texture(&pool, 7), number)).unwrap();
        hear(&peer.link, "holding");
    }
    let layout = TextureLayout::packed(64, 32, PixelFormat::Bgra8).unwrap();
    assert!(pool.texture(layout).unwrap().is_none(), "the peer holds all of them");
    assert_eq!(peer.link.stats().outstanding, 3);
    peer.kill();
    until_closed(&peer.link);
    assert_eq!(peer.link.stats().outstanding, 0);
    let frames: Vec<Frame> = (0..3).map(|n| texture(&pool, n)).collect();
    assert_eq!((frames.len(), pool.stats().segments), (3, 3), "no new surface was needed");
}

#[test]
fn a_surface_that_somebody_still_uses_is_not_written_again() {
    let _ledger = Ledger::open();
    let peer = Peer::start("hold");
    hear(&peer.link, "ready");
    let pool = FramePool::new(2);
    peer.link.send_frame(0, 1, &&video(texture(&pool, 7), 1)).unwrap();
    hear(&peer.link, "holding");
    // This side forgets the lease, as if the peer had given it back; the use count is the system's and remains.
    peer.link.close();
    assert_eq!(pool.stats().free, 1);
    let frame = texture(&pool, 8);
    assert_eq!(pool.stats().segments, 2, "the free surface is in use, so another was made");
    assert_eq!(pool.stats().free, 1);
    drop(frame);
}

#[test]
fn frames_of_a_killed_producer_can_be_read_until_they_are_let_go_of() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("produce");
    let mut values = Vec::new();
    while values.len() < 4 {
        if let Event::Frame { value, .. } = next(&peer.link) {
            values.push(value);
        }
    }
    hear(&peer.link, "produced");
    peer.kill();
    until_closed(&peer.link);
    for (number, value) in values.iter().enumerate() {
        // SAFETY: the lease is held, and the mapping with it.
        let byte = unsafe { frame_of(value).memory.ptr().add(64 * 32 * 4 - 1).read_volatile() };
        assert_eq!(usize::from(byte), 40 + number);
    }
}

#[test]
fn textures_and_buffers_go_to_another_process_and_come_back_as_the_same_memory() {
    let _ledger = Ledger::open();
    let peer = Peer::start("echo");
    hear(&peer.link, "ready");
    let pool = FramePool::new(4);
    for number in 0..10u64 {
        let frame = texture(&pool, number as u8);
        let start = frame.memory.ptr();
        peer.link.send_frame(0, number, &&video(frame, number)).unwrap();
        let value = loop {
            if let Event::Frame { value, .. } = next(&peer.link) {
                break value;
            }
        };
        assert_eq!(frame_of(&value).memory.ptr(), start);
        drop(value);
        while peer.link.stats().outstanding > 0 {
            next(&peer.link);
        }
    }
    assert_eq!(pool.stats().segments, 1, "one surface is used again and again");
    let samples = pool.buffer(9_600).unwrap().expect("a slot");
    let start = samples.memory.ptr();
    let sound = Value::dictionary([
        ("samples", Value::Frame(samples)),
        ("channels", Value::UInt(2)),
        ("sample_rate", Value::UInt(48_000)),
        ("timestamp_ns", Value::Int(1)),
        ("frame_number", Value::UInt(1)),
    ]);
    peer.link.send_frame(1, 1, &&sound).unwrap();
    drop(sound);
    let back = loop {
        if let Event::Frame { port: 1, value, .. } = next(&peer.link) {
            break value;
        }
    };
    let Some(Value::Frame(samples)) = back.get("samples") else { panic!("no samples") };
    assert_eq!(samples.memory.ptr(), start);
}

fn endpoint_of(message: &Value) -> &Endpoint {
    match message.get("endpoint") {
        Some(Value::Endpoint(endpoint)) => endpoint,
        other => panic!("no endpoint: {other:?}"),
    }
}

#[test]
fn an_endpoint_from_another_process_connects_twice_and_not_after_its_death() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("listen");
    let message = hear(&peer.link, "listening");
    let connect = || Connection::connect(endpoint_of(&message));
    let (first, second) = (connect().unwrap(), connect().unwrap());
    assert_eq!((first.peer().pid, second.peer().pid), (peer.child.id(), peer.child.id()));
    hear(&first, "direct");
    hear(&second, "direct");
    drop(first);
    assert!(!second.wait_hang_up(Duration::ZERO), "each is a connection of its own");
    peer.kill();
    until_closed(&second);
    assert_eq!(connect().unwrap_err().code, Code::Io);
}

#[test]
fn a_peer_killed_while_it_talks_leaves_only_whole_messages() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("talk");
    for _ in 0..2_000 {
        hear(&peer.link, "again");
    }
    peer.kill();
    let mut last = 0;
    while let Event::Control(message) = next(&peer.link) {
        assert_eq!(message.get("at"), Some(&Value::String("again".into())));
        last += 1;
    }
    assert!(last <= 256, "{last} messages were on the way");
}

#[test]
fn an_interrupted_connection_is_a_closed_one() {
    let _ledger = Ledger::open();
    let service = service_name();
    let listener = Listener::named(&service).unwrap();
    let client = loop {
        if let Ok(client) = Connection::connect_named(&service) {
            break client;
        }
        std::thread::yield_now();
    };
    let server = accept(&listener);
    xpc_shim::interrupt_all();
    until_closed(&client);
    until_closed(&server);
    assert_eq!(client.send_control(&&Value::dictionary([]), None).unwrap_err().code, Code::Closed);
}

#[test]
fn a_connection_outlives_its_listener_which_takes_nobody_any_more() {
    let _ledger = Ledger::open();
    let listener = Listener::anonymous().unwrap();
    let endpoint = listener.endpoint().unwrap();
    let client = Connection::connect(&endpoint).unwrap();
    let server = accept(&listener);
    drop(listener);
    assert_eq!(Connection::connect(&endpoint).unwrap_err().code, Code::Io);
    let message = Value::dictionary([("at", Value::String("still here".into()))]);
    client.send_control(&&message, None).unwrap();
    hear(&server, "still here");
}

#[test]
fn a_name_that_somebody_has_is_refused_and_one_that_nobody_has_cannot_be_connected_to() {
    let _ledger = Ledger::open();
    let service = service_name();
    assert_eq!(Connection::connect_named(&service).unwrap_err().code, Code::Io);
    let first = Listener::named(&service).unwrap();
    while Connection::connect_named(&service).is_err() {
        std::thread::yield_now();
    }
    let second = Listener::named(&service).unwrap();
    assert!(socket::wait(second.as_fd(), false, Some(PATIENCE)).unwrap());
    assert_eq!(second.accept().unwrap_err().code, Code::Io);
    drop(accept(&first));
    for bad in ["", "/", ".sock", "a\0b"] {
        assert_eq!(Listener::named(&PathBuf::from(bad)).unwrap_err().code, Code::Io);
    }
}
