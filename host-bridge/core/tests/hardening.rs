//! Tests named after the bugs that they hold off.

// What a peer can do to a socket; what it can do to an XPC connection is in macos_faults.rs.
#![cfg(all(target_os = "linux", not(any(feature = "macos-shim", feature = "in-process"))))]

mod ledger;

use std::io::IoSlice;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use ledger::{counts, turn};
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::{BridgeError, Code};
use streamlib_bridge::memory::{Frame, FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::schema::video_frame;
use streamlib_bridge::sys::endpoint::Listener;
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::{Value, ValueSink};
use streamlib_bridge::wire::{Ack, Header, Kind};

fn number(n: i64) -> Value {
    Value::dictionary([("n", Value::Int(n))])
}

fn receive(c: &Connection) -> Result<Option<Event<Value>>, BridgeError> {
    c.receive(&mut ValueSink, &mut Vec::new())
}

fn private_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("streamlib-hardening-{}-{name}", std::process::id()));
    streamlib_bridge::service::private_dir(&dir).unwrap();
    dir
}

fn layout(width: u32, height: u32) -> TextureLayout {
    TextureLayout::packed(width, height, PixelFormat::Rgb8).unwrap()
}

/// The kernel reports a peer that closed with unread messages as ECONNRESET, once, before what that peer sent last.
#[test]
fn the_last_messages_of_a_peer_that_closed_with_unread_input_are_not_lost() {
    let _turn = turn();
    let (host, client) = Connection::pair().unwrap();
    host.send_control(&&number(0), None).unwrap();
    client.send_control(&&number(1), None).unwrap();
    client.send_control(&&number(2), None).unwrap();
    drop(client);
    for n in 1..=2 {
        match receive(&host).unwrap() {
            Some(Event::Control(message)) => assert_eq!(message, number(n)),
            other => panic!("message {n} was lost: {other:?}"),
        }
    }
    assert!(matches!(receive(&host).unwrap(), Some(Event::Closed)));
}

/// Rounding up to pages went round to 0, and a page came back as memory of 2^64 bytes.
#[test]
fn a_buffer_longer_than_memory_is_refused() {
    let _turn = turn();
    let pool = FramePool::new(4);
    for length in [usize::MAX, usize::MAX - 4096, 1 << 40, (1 << 30) + 1] {
        assert_eq!(pool.buffer(length).unwrap_err().code, Code::Exhausted, "{length}");
    }
    assert_eq!(pool.stats().segments, 0);
}

/// A broker whose backlog is full looked like one that is gone, and its socket was taken over.
#[test]
fn a_listener_that_is_busy_is_not_replaced() {
    let _turn = turn();
    let dir = private_dir("busy");
    let path = dir.join("relay.sock");
    let listener = Listener::named(&path).unwrap();
    let mut waiting = Vec::new();
    while let Ok(c) = Connection::connect_named(&path) {
        waiting.push(c);
        assert!(waiting.len() < 10_000, "the backlog has no end");
    }
    assert_eq!(Listener::named(&path).unwrap_err().code, Code::Locked);
    assert!(path.exists());
    drop((listener, waiting));
    assert!(!path.exists());
    std::fs::remove_dir(dir).unwrap();
}

#[test]
fn only_a_dead_socket_is_replaced_never_a_file() {
    let _turn = turn();
    let dir = private_dir("file");
    let path = dir.join("relay.sock");
    std::fs::write(&path, "precious").unwrap();
    assert!(Listener::named(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(&path).unwrap();
    // Std does not unlink: what is left is what a killed broker leaves.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Listener::named(&path).unwrap());
    std::fs::remove_dir(dir).unwrap();
}

/// A peer that holds everything and two frame sizes in turn made a pool grow without end.
#[test]
fn slots_that_are_held_count_against_the_limit_also_after_a_change_of_size() {
    let _turn = turn();
    let pool = FramePool::new(8);
    let mut held = Vec::new();
    for round in 0..10 {
        let size = if round % 2 == 0 { layout(16, 16) } else { layout(640, 480) };
        while let Some(frame) = pool.texture(size).unwrap() {
            held.push(frame);
            assert!(held.len() <= 8, "{} slots of a pool of 8", held.len());
        }
    }
    assert_eq!(held.len(), 8);
    held.clear();
    for size in [layout(640, 480), layout(16, 16), layout(640, 480)] {
        let frames: Vec<Frame> = std::iter::from_fn(|| pool.texture(size).unwrap()).collect();
        assert_eq!(frames.len(), 8, "the pool recovers");
    }
}

/// Descriptors of a message that is refused, or that comes with the end, go at once and not with the connection.
#[test]
fn a_refused_message_leaves_no_descriptors_while_the_connection_object_lives() {
    let _turn = turn();
    let (ours, attacker) = socket::pair().unwrap();
    let peer = socket::peer_credentials(&ours).unwrap();
    let victim = Connection::new(ours, peer);
    use std::os::fd::AsFd;
    let before = counts().descriptors;
    let fds = vec![attacker.as_fd(); 40];
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(40))];
    let mut ancillary = rustix::net::SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(rustix::net::SendAncillaryMessage::ScmRights(&fds)));
    rustix::net::sendmsg(&attacker, &[IoSlice::new(b"x")], &mut ancillary, rustix::net::SendFlags::empty()).unwrap();
    assert_eq!(receive(&victim).unwrap_err().code, Code::Malformed);
    assert_eq!(counts().descriptors, before);
}

/// A binding looks ports up by the number in an acknowledgement.
#[test]
fn an_acknowledgement_for_a_port_that_does_not_exist_is_refused() {
    let _turn = turn();
    let (ours, attacker) = socket::pair().unwrap();
    let peer = socket::peer_credentials(&ours).unwrap();
    let victim = Connection::new(ours, peer);
    victim.define_ports(vec![], vec![("out".into(), video_frame())]).unwrap();
    let send = |port: u16| {
        let mut header = Header::new(Kind::Housekeeping, 0, 0);
        header.ack_count = 1;
        let mut bytes = header.to_bytes().to_vec();
        Ack { port, frame_id: 1 }.write(&mut bytes);
        assert!(matches!(socket::send(&attacker, &bytes, &[]).unwrap(), socket::Sent::Done));
    };
    send(0);
    assert!(matches!(receive(&victim).unwrap(), Some(Event::Housekeeping)));
    send(1);
    assert_eq!(receive(&victim).unwrap_err().code, Code::Malformed);
}
