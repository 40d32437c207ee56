//! What any backend must do, written against the public API alone.
//!
//! It is one list for all of them: linux, macos (on a Mac, and on Linux over test/xpc-shim), in_process. The last test sees to
//! that.
//!
//! Each test counts what the process owns before and after; they take turns because descriptors are counted per process.

mod ledger;

use std::time::Duration;

use ledger::Ledger;
use streamlib_bridge::connection::{Connection, Event, SendOutcome};
use streamlib_bridge::error::Code;
use streamlib_bridge::memory::format::{Matrix, Primaries, Range, Transfer};
use streamlib_bridge::memory::{Colour, Frame, FramePool, Layout, PixelFormat, TextureLayout};
use streamlib_bridge::schema::{video_frame, Schema};
use streamlib_bridge::sys::endpoint::Listener;
use streamlib_bridge::value::{Value, ValueSink};
use streamlib_bridge::wire::Ack;

const PATIENCE: Duration = Duration::from_secs(5);

fn next(c: &Connection) -> (Event<Value>, Vec<Ack>) {
    let mut acks = Vec::new();
    loop {
        if let Some(event) = c.receive(&mut ValueSink, &mut acks).expect("a well-formed message") {
            return (event, acks);
        }
        assert!(c.wait(false, Some(PATIENCE)).unwrap(), "nothing came");
    }
}

/// Memory that is given up on the way is announced between frames, sooner or later by the system.
fn next_frame(c: &Connection) -> (u64, Value) {
    loop {
        match next(c).0 {
            Event::Frame { frame_id, value, .. } => return (frame_id, value),
            Event::Housekeeping => {}
            other => panic!("expected a frame, got {other:?}"),
        }
    }
}

fn video_pair() -> (Connection, Connection) {
    let (a, b) = Connection::pair().unwrap();
    let port = |name: &str| vec![(name.to_owned(), video_frame())];
    a.define_ports(port("in"), port("out")).unwrap();
    b.define_ports(port("in"), port("out")).unwrap();
    (a, b)
}

fn video(frame: &Frame, number: u64) -> Value {
    Value::dictionary([
        ("pixel_buffer", Value::Frame(frame.clone())),
        ("timestamp_ns", Value::Int(5)),
        ("frame_number", Value::UInt(number)),
    ])
}

fn texture(pool: &FramePool, fill: u8) -> Frame {
    let layout = TextureLayout::packed(64, 32, PixelFormat::Rgb8).unwrap();
    let frame = pool.texture(layout).unwrap().expect("a free slot");
    let ptr = frame.memory.ptr_mut().expect("a fresh frame is writable");
    // SAFETY: the slot is at least as long as the layout, and nobody else holds it.
    unsafe { ptr.write_bytes(fill, layout.byte_length()) };
    frame
}

fn first_byte(value: &Value) -> u8 {
    let Some(Value::Frame(frame)) = value.get("pixel_buffer") else { panic!("no texture in {value:?}") };
    // SAFETY: the lease is held.
    unsafe { frame.memory.ptr().read_volatile() }
}

#[test]
fn an_endpoint_travels_and_connects_as_often_as_one_likes() {
    let _ledger = Ledger::open();
    let listener = Listener::anonymous().unwrap();
    let (host, broker) = Connection::pair().unwrap();
    let message = Value::dictionary([("type", Value::String("store_endpoint".into()))]);
    host.send_control(&&message, Some(&listener.endpoint().unwrap())).unwrap();

    let Event::Control(message_in) = next(&broker).0 else { panic!("expected the message") };
    let Some(Value::Endpoint(endpoint)) = message_in.get("endpoint") else { panic!("the endpoint did not come along") };

    for _ in 0..3 {
        let client = Connection::connect(endpoint).unwrap();
        let (socket, peer) = listener.accept().unwrap().expect("a peer waits");
        assert_eq!(peer.pid, std::process::id());
        let server = Connection::new(socket, peer);
        client.send_control(&&message, None).unwrap();
        assert!(matches!(next(&server).0, Event::Control(_)));
    }
    drop(listener);
    assert_eq!(Connection::connect(endpoint).unwrap_err().code, Code::Io);
}

#[test]
fn a_frame_crosses_without_a_copy_and_its_slot_comes_back() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pool = FramePool::new(4);
    for number in 0..20u64 {
        let frame = texture(&pool, number as u8);
        assert_eq!(host.send_frame(0, number, &&video(&frame, number)).unwrap(), SendOutcome::Sent);
        drop(frame);
        let (id, value) = next_frame(&client);
        assert_eq!((id, first_byte(&value)), (number, number as u8));
        assert_eq!(host.stats().outstanding, 1);
        drop(value);
        client.ack(0, id);
        client.flush().unwrap();
        let (event, acks) = next(&host);
        assert!(matches!(event, Event::Housekeeping));
        assert_eq!(acks, [Ack { port: 0, frame_id: number }]);
        assert_eq!(host.stats().outstanding, 0);
    }
    assert_eq!(client.stats().imported, 1, "the memory crosses once");
    assert_eq!(pool.stats().segments, 1);
}

#[test]
fn every_format_crosses_with_its_colours_and_its_memory_serves_all_colours() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pool = FramePool::new(4);
    let hdr = Colour {
        range: Range::Limited,
        matrix: Matrix::Bt2020nc,
        transfer: Transfer::Smpte2084,
        primaries: Primaries::Bt2020,
    };
    let mut number = 0;
    for format in PixelFormat::ALL {
        let plain = TextureLayout::packed(37, 11, format).unwrap();
        let mut segments = None;
        for layout in [plain, plain.with_colour(hdr)] {
            number += 1;
            let frame = pool.texture(layout).unwrap().expect("a free slot");
            let ptr = frame.memory.ptr_mut().expect("a fresh frame is writable");
            // SAFETY: the slot is at least as long as the layout, and nobody else holds it.
            unsafe { ptr.write_bytes(number as u8, layout.byte_length()) };
            host.send_frame(0, number, &&video(&frame, number)).unwrap();
            drop(frame);
            let (_, value) = next_frame(&client);
            let Some(Value::Frame(received)) = value.get("pixel_buffer") else { panic!("no texture in {value:?}") };
            assert_eq!(received.layout, Layout::Texture(layout));
            assert!(received.memory.capacity() >= layout.byte_length());
            // SAFETY: the lease is held.
            let last = unsafe { received.memory.ptr().add(layout.byte_length() - 1).read_volatile() };
            assert_eq!((first_byte(&value), last), (number as u8, number as u8), "{format:?}");
            drop(value);
            client.flush().unwrap();
            assert!(matches!(next(&host).0, Event::Housekeeping));
            let now = pool.stats().segments;
            assert_eq!(*segments.get_or_insert(now), now, "{format:?} has other memory for another colour");
        }
        host.flush().unwrap();
        while client.wait(false, Some(Duration::ZERO)).unwrap() {
            client.receive(&mut ValueSink, &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn a_frame_sent_back_is_the_same_memory() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pool = FramePool::new(4);
    let frame = texture(&pool, 9);
    host.send_frame(0, 1, &&video(&frame, 1)).unwrap();
    let (_, value) = next_frame(&client);
    client.send_frame(0, 1, &&value).unwrap();
    drop(value);
    let (_, back) = next_frame(&host);
    let Some(Value::Frame(same)) = back.get("pixel_buffer") else { panic!() };
    assert_eq!(same.memory.ptr(), frame.memory.ptr());
    assert_eq!(client.stats().outstanding, 0, "nothing of the client's is lent");
}

#[test]
fn a_frame_forwarded_to_a_third_process_keeps_the_first_ones_slot() {
    let _ledger = Ledger::open();
    let (a, host_a) = video_pair();
    let (host_b, b) = video_pair();
    let pool = FramePool::new(4);
    a.send_frame(0, 1, &&video(&texture(&pool, 77), 1)).unwrap();
    let (_, value) = next_frame(&host_a);
    host_b.send_frame(0, 1, &&value).unwrap();
    drop(value);
    assert_eq!(host_a.pending_releases(), 0, "b still holds it");
    let (_, value) = next_frame(&b);
    assert_eq!(first_byte(&value), 77);
    drop(value);
    b.flush().unwrap();
    next(&host_b);
    assert_eq!(host_a.pending_releases(), 1);
    host_a.flush().unwrap();
    next(&a);
    assert_eq!(a.stats().outstanding, 0);
}

#[test]
fn a_peer_that_goes_gives_back_all_that_it_held() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pool = FramePool::new(4);
    for number in 0..4 {
        host.send_frame(0, number, &&video(&texture(&pool, 1), number)).unwrap();
    }
    assert!(pool.texture(TextureLayout::packed(64, 32, PixelFormat::Rgb8).unwrap()).unwrap().is_none(), "all are lent");
    assert_eq!(pool.stats().refused, 1);
    let kept = next_frame(&client);
    drop(client);
    assert!(matches!(next(&host).0, Event::Closed));
    assert_eq!(pool.stats().free, 4);
    drop(kept);
}

#[test]
fn a_leased_slot_is_not_writable_and_not_reused() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pool = FramePool::new(2);
    let frame = texture(&pool, 1);
    host.send_frame(0, 1, &&video(&frame, 1)).unwrap();
    assert!(frame.memory.ptr_mut().is_none());
    let (_, value) = next_frame(&client);
    drop(frame);
    let other = texture(&pool, 2);
    assert_eq!(first_byte(&value), 1);
    drop((other, value));
}

/// A frame has crossed, and its slot has come back. One slot, so that there is no room for two sizes on any system.
fn after_one_frame() -> (Connection, Connection, FramePool) {
    let (host, client) = video_pair();
    let pool = FramePool::new(1);
    host.send_frame(0, 1, &&video(&texture(&pool, 1), 1)).unwrap();
    drop(next_frame(&client));
    client.flush().unwrap();
    next(&host);
    (host, client, pool)
}

#[test]
fn a_new_frame_size_replaces_the_old_memory() {
    let _ledger = Ledger::open();
    let (host, client, pool) = after_one_frame();
    let large = pool.texture(TextureLayout::packed(640, 480, PixelFormat::Rgb8).unwrap()).unwrap().expect("a slot");
    host.send_frame(0, 2, &&video(&large, 2)).unwrap();
    drop((next_frame(&client), large));
    assert_eq!(client.stats().imported, 2);
    host.flush().unwrap();
    assert!(matches!(next(&client).0, Event::Housekeeping));
    assert_eq!(client.stats().imported, 1, "the small segment was forgotten");
}

/// A peer that is sent nothing but frames is owed nothing, so no other message would tell it.
#[test]
fn a_closed_pool_is_should_flush_by_itself() {
    let _ledger = Ledger::open();
    let (host, client, pool) = after_one_frame();
    assert!(!host.should_flush(1), "the pool may use its memory again");
    drop(pool);
    assert!(host.should_flush(64));
    host.flush().unwrap();
    assert!(matches!(next(&client).0, Event::Housekeeping));
    assert_eq!(client.stats().imported, 0);
    assert!(!host.should_flush(1));
}

#[test]
fn one_segment_more_than_a_peer_takes_in_is_refused_by_the_sender() {
    let _ledger = Ledger::open();
    let (host, client) = video_pair();
    let pools: Vec<FramePool> = (0..65).map(|_| FramePool::new(1)).collect();
    for (number, pool) in (0..).zip(&pools[..64]) {
        host.send_frame(0, number, &&video(&texture(pool, 1), number)).unwrap();
        drop(next_frame(&client));
    }
    let refused = host.send_frame(0, 64, &&video(&texture(&pools[64], 1), 64)).unwrap_err();
    assert_eq!(refused.code, Code::Exhausted);
    client.flush().unwrap();
    next(&host);
    host.send_frame(0, 65, &&video(&texture(&pools[0], 1), 65)).unwrap();
    drop(next_frame(&client));
}

#[test]
fn a_long_message_arrives_whole() {
    let _ledger = Ledger::open();
    let (a, b) = Connection::pair().unwrap();
    let message = Value::dictionary([("data", Value::Bytes((0..300_000).map(|i| i as u8).collect()))]);
    a.send_control(&&message, None).unwrap();
    let Event::Control(got) = next(&b).0 else { panic!() };
    assert_eq!(got, message);
    let too_long = Value::dictionary([("data", Value::Bytes(vec![0; 17 << 20]))]);
    assert_eq!(a.send_control(&&too_long, None).unwrap_err().code, Code::Value);
}

#[test]
fn control_messages_wait_for_a_slow_reader_and_stay_in_order() {
    let _ledger = Ledger::open();
    let (a, b) = Connection::pair().unwrap();
    let mut queued = 0;
    for n in 0..1200 {
        match a.send_control(&&Value::dictionary([("n", Value::Int(n))]), None).unwrap() {
            SendOutcome::Queued => queued += 1,
            outcome => assert_eq!(outcome, SendOutcome::Sent),
        }
    }
    assert!(queued > 0 && a.wants_write());
    std::thread::scope(|scope| {
        // Room is told to whoever waits for it, as a loop does.
        scope.spawn(|| {
            while a.wants_write() {
                assert!(a.wait(true, Some(PATIENCE)).unwrap(), "no room came");
                a.write_ready().unwrap();
            }
        });
        for n in 0..1200 {
            let Event::Control(message) = next(&b).0 else { panic!() };
            assert_eq!(message.get("n"), Some(&Value::Int(n)));
        }
    });
    assert!(!a.wants_write());
}

#[test]
fn what_a_peer_said_before_it_closed_still_arrives() {
    let _ledger = Ledger::open();
    let (a, b) = Connection::pair().unwrap();
    for n in 0..100 {
        a.send_control(&&Value::dictionary([("n", Value::Int(n))]), None).unwrap();
    }
    // Unread messages on the side that closes change nothing.
    b.send_control(&&Value::dictionary([]), None).unwrap();
    drop(a);
    for n in 0..100 {
        let Event::Control(message) = next(&b).0 else { panic!("message {n} was lost") };
        assert_eq!(message.get("n"), Some(&Value::Int(n)));
    }
    assert!(matches!(next(&b).0, Event::Closed));
    assert_eq!(b.send_control(&&Value::dictionary([]), None).unwrap_err().code, Code::Closed);
}

#[test]
fn keys_and_texts_of_any_kind_arrive_as_they_were() {
    let _ledger = Ledger::open();
    let (a, b) = Connection::pair().unwrap();
    let message = Value::dictionary([
        ("", Value::Null),
        ("@", Value::String("@".into())),
        ("@@twice", Value::dictionary([("@", Value::dictionary([("@data", Value::Bytes(vec![]))]))])),
        ("data", Value::Bytes(vec![0; 70_000])),
        ("text", Value::String("a\0b".into())),
        ("ß", Value::Array(vec![Value::String("\0".into()), Value::String(String::new()), Value::Array(vec![])])),
        ("msg_type", Value::UInt(u64::MAX)),
        ("body", Value::Float(-0.0)),
        ("n", Value::Int(i64::MIN)),
    ]);
    a.send_control(&&message, None).unwrap();
    let Event::Control(got) = next(&b).0 else { panic!() };
    let Value::Dictionary(sent) = message else { unreachable!() };
    for (key, value) in &sent {
        assert_eq!(got.get(key), Some(value), "{key:?}");
    }
    assert!(matches!(got, Value::Dictionary(entries) if entries.len() == sent.len()));
}

#[test]
fn a_frame_for_an_unknown_port_is_dropped_and_gives_its_lease_back() {
    let _ledger = Ledger::open();
    let (host, client) = Connection::pair().unwrap();
    let ports = |n: usize| (0..n).map(|i| (format!("p{i}"), video_frame())).collect::<Vec<_>>();
    host.define_ports(vec![], ports(2)).unwrap();
    client.define_ports(ports(1), vec![]).unwrap();
    let pool = FramePool::new(4);
    host.send_frame(1, 1, &&video(&texture(&pool, 1), 1)).unwrap();
    assert!(matches!(next(&client).0, Event::UnknownPort { port: 1, frame_id: 1 }));
    client.flush().unwrap();
    next(&host);
    assert_eq!(host.stats().outstanding, 0);
}

#[test]
fn values_that_do_not_fit_are_refused_by_the_sender_with_their_place() {
    let _ledger = Ledger::open();
    let schema = Schema::from_json(
        r#"{"name":"S","fields":[{"name":"n","type":"Int32"},{"name":"e","type":{"Enum":["a","b"]}},
        {"name":"list","type":{"Array":{"Struct":[{"name":"f","type":"UInt32"}]}}}]}"#,
    )
    .unwrap();
    let (a, _b) = Connection::pair().unwrap();
    a.define_ports(vec![], vec![("out".into(), schema)]).unwrap();
    let good = |n: Value, e: &str, f: Value| {
        Value::dictionary([
            ("n", n),
            ("e", Value::String(e.into())),
            ("list", Value::Array(vec![Value::dictionary([("f", f)])])),
        ])
    };
    assert!(a.send_frame(0, 1, &&good(Value::Int(1), "a", Value::Int(1))).is_ok());
    let cases = [
        (good(Value::Int(1 << 40), "a", Value::Int(1)), "n", "out of the range of Int32"),
        (good(Value::Float(1.5), "a", Value::Int(1)), "n", "must be an Int32, not the number 1.5"),
        (good(Value::Int(1), "c", Value::Int(1)), "e", "one of a, b"),
        (good(Value::Int(1), "a", Value::Int(-1)), "list[0].f", "out of the range of UInt32"),
        (Value::dictionary([("n", Value::Int(1))]), "e", "is missing"),
    ];
    for (value, field, text) in cases {
        let error = a.send_frame(0, 1, &&value).unwrap_err();
        assert_eq!(
            (error.code, error.port.as_deref(), error.field.as_deref()),
            (Code::Value, Some("out"), Some(field))
        );
        assert!(error.message.contains(text), "{}", error.message);
    }
}

/// Every backend compiles this file, so what one of them left out would be missing from its list here.
#[test]
fn the_list_of_tests_is_the_same_on_every_backend() {
    // For the turn: the other program is reached through descriptors of this one.
    let _ledger = Ledger::open();
    let source = include_str!("conformance.rs");
    let lines: Vec<&str> = source.lines().collect();
    let mut written: Vec<String> = lines
        .windows(2)
        .filter(|pair| pair[0] == "#[test]")
        .map(|pair| pair[1].trim_start_matches("fn ").trim_end_matches("() {").to_owned())
        .collect();
    written.sort();

    let program = std::env::current_exe().unwrap();
    let listed = |more: &[&str]| {
        let output = std::process::Command::new(&program).arg("--list").args(more).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<String> =
            text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(listed(&[]), written);
    assert_eq!(listed(&["--ignored"]), Vec::<String>::new(), "left out of a run");
    // Nor may a test do less on one of them.
    let conditions =
        lines.iter().filter(|line| line.trim_start().starts_with("#[cfg") || line.contains("cfg!")).count();
    assert_eq!(conditions, 1, "the line above that looks for them");
}
