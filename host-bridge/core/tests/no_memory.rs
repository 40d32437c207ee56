//! A process whose address space may not grow. Alone in its file: the limit is the whole process's.

#![cfg(all(target_os = "linux", not(feature = "in-process"), not(feature = "macos-shim")))]

use std::time::Duration;

use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::Code;
use streamlib_bridge::memory::{Frame, FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::schema::video_frame;
use streamlib_bridge::value::{Value, ValueSink};

/// Nothing larger than this can be mapped while `act` runs; what the test itself needs is smaller.
const ROOM: u64 = 1 << 20;

fn starved<R>(act: impl FnOnce() -> R) -> R {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    let before = getrlimit(Resource::As);
    let now = pages * rustix::param::page_size() as u64;
    setrlimit(Resource::As, Rlimit { current: Some(now + ROOM), maximum: before.maximum }).unwrap();
    let result = act();
    setrlimit(Resource::As, before).unwrap();
    result
}

fn video(frame: &Frame, number: u64) -> Value {
    Value::dictionary([
        ("pixel_buffer", Value::Frame(frame.clone())),
        ("timestamp_ns", Value::Int(0)),
        ("frame_number", Value::UInt(number)),
    ])
}

fn next(c: &Connection) -> Event<Value> {
    assert!(c.wait(false, Some(Duration::from_secs(10))).unwrap(), "nothing came");
    c.receive(&mut ValueSink, &mut Vec::new()).expect("a well-formed message").expect("a message")
}

#[test]
fn a_frame_that_cannot_be_mapped_is_lost_by_itself_and_the_next_comes_through() {
    let (host, client) = Connection::pair().unwrap();
    let port = |name: &str| vec![(name.to_owned(), video_frame())];
    host.define_ports(vec![], port("out")).unwrap();
    client.define_ports(port("in"), vec![]).unwrap();
    let pool = FramePool::new(4);
    let layout = TextureLayout::packed(1280, 720, PixelFormat::Rgb8).unwrap();
    let texture = || pool.texture(layout).unwrap().expect("a slot");
    for number in 1..=2 {
        host.send_frame(0, number, &&video(&texture(), number)).unwrap();
        let event = starved(|| next(&client));
        let Event::Lost { port: 0, frame_id, error } = event else { panic!("{event:?}") };
        assert_eq!((frame_id, error.code, error.port.as_deref()), (number, Code::Io, Some("in")));
        assert!(error.message.contains("cannot map"), "{}", error.message);
    }
    assert_eq!((host.stats().outstanding, client.stats().pending_releases), (2, 2));

    host.send_frame(0, 3, &&video(&texture(), 3)).unwrap();
    let event = next(&client);
    assert!(matches!(event, Event::Frame { port: 0, frame_id: 3, .. }), "{event:?}");
    drop(event);
    client.flush().unwrap();
    assert!(matches!(next(&host), Event::Housekeeping));
    assert_eq!(host.stats().outstanding, 0, "each lease came back once");
    assert_eq!(client.stats().imported, 1);
}
