//! Random input to everything that reads what a peer sent: it must be understood or refused, never panic, and leave nothing
//! behind. The inputs are bent from a corpus (tests/corpus), which grows by whatever brings an outcome that was not there before.
//!
//! A short run is part of the tests. A long one, which keeps what it finds:
//! `STREAMLIB_FUZZ_SECONDS=600 STREAMLIB_FUZZ_SAVE=1 cargo test --release -p streamlib-bridge --test fuzz`

// What a peer can do to a socket; XPC has its own form.
#![cfg(all(target_os = "linux", not(any(feature = "macos-shim", feature = "in-process"))))]

mod ledger;

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use ledger::{counts, turn};
use streamlib_bridge::codec::{decode_any, decode_frame, encode_frame, NoHandles, Reader};
use streamlib_bridge::connection::Connection;
use streamlib_bridge::memory::{FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::schema::{video_frame, Schema};
use streamlib_bridge::sys::endpoint::Listener;
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::{Value, ValueSink};
use streamlib_bridge::wire::HEADER;

const RUNS: u64 = 4_000;
const LONGEST: usize = 4_096;

/// Good enough to bend bytes with, and the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

const ODD: [u64; 12] =
    [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, i64::MAX as u64, u64::MAX];

fn bend(random: &mut Random, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len());
        match random.below(8) {
            _ if input.is_empty() => input.push(random.next() as u8),
            0 => input[at] ^= 1 << random.below(8),
            1 => input[at] = random.next() as u8,
            2 => input.truncate(at),
            3 => {
                let end = at + random.below(input.len() - at).min(64);
                let piece = input[at..end].to_vec();
                let to = random.below(input.len());
                input.splice(to..to, piece);
            }
            4 => {
                let end = at + random.below(input.len() - at).min(64);
                input.drain(at..end);
            }
            // A number at its limits, of any width.
            5 => {
                let number = ODD[random.below(ODD.len())].to_le_bytes();
                let width = [1, 2, 4, 8][random.below(4)].min(input.len() - at);
                input[at..at + width].copy_from_slice(&number[..width]);
            }
            6 if !other.is_empty() => {
                let from = random.below(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.insert(at, random.next() as u8),
        }
    }
    input.truncate(LONGEST);
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target)
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder(target))
        .unwrap_or_else(|e| panic!("no corpus for {target}: {e}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus of {target} is empty");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn keep(target: &str, prefix: &str, input: &[u8]) -> PathBuf {
    let hash = input.iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01B3));
    let path = folder(target).join(format!("{prefix}-{hash:016x}"));
    fs::write(&path, input).unwrap();
    path
}

/// What an outcome is about, without the numbers and texts that make each one different.
fn kind_of(outcome: &str) -> String {
    // Names and values that were sent stand in quotes, or are numbers.
    let words = outcome.split('"').next().unwrap_or("").split_whitespace();
    words.filter(|word| !word.contains(|c: char| c.is_ascii_digit())).take(5).collect::<Vec<_>>().join(" ")
}

/// Runs the corpus, then what is bent from it. `attempt` tells the outcome in words.
fn fuzz(_turn: &MutexGuard<'_, ()>, target: &str, attempt: impl Fn(&[u8]) -> String) {
    let seconds = std::env::var("STREAMLIB_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let save = std::env::var("STREAMLIB_FUZZ_SAVE").is_ok();
    let deadline = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let mut inputs = corpus(target);
    let mut outcomes = BTreeSet::new();
    let before = counts();
    let mut run = |input: &[u8]| -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| attempt(input)));
        let Ok(outcome) = outcome else {
            panic!("{target} panicked; the input is kept in {}", keep(target, "crash", input).display());
        };
        let now = counts();
        if now != before {
            let path = keep(target, "leak", input);
            panic!("{target} leaked: {before:?}, then {now:?}; the input is kept in {}", path.display());
        }
        outcomes.insert(kind_of(&outcome))
    };
    for input in &inputs {
        run(input);
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut count = 0_u64;
    while deadline.map_or(count < RUNS, |end| Instant::now() < end) {
        count += 1;
        let mut input = inputs[random.below(inputs.len())].clone();
        let other = inputs[random.below(inputs.len())].clone();
        bend(&mut random, &mut input, &other);
        if run(&input) {
            if save {
                keep(target, "found", &input);
            }
            inputs.push(input);
        }
    }
    println!("{target}: {count} inputs, {} kinds of outcome", outcomes.len());
    // A corpus that reaches next to nothing, or a decoder that says the same of everything, tests nothing.
    assert!(outcomes.len() >= 5, "{target}: only {outcomes:?}");
}

struct Gear {
    memory: OwnedFd,
    endpoint: OwnedFd,
    file: OwnedFd,
}

impl Gear {
    fn new() -> (Self, Vec<u8>) {
        let pool = FramePool::new(4);
        let (ours, theirs) = socket::pair().unwrap();
        let sender = Connection::new(ours, socket::peer_credentials(&theirs).unwrap());
        sender.define_ports(vec![], vec![("out".into(), video_frame())]).unwrap();
        let frame = pool.texture(TextureLayout::packed(16, 16, PixelFormat::Rgb8).unwrap()).unwrap().unwrap();
        let value = Value::dictionary([
            ("pixel_buffer", Value::Frame(frame)),
            ("timestamp_ns", Value::Int(1)),
            ("frame_number", Value::UInt(1)),
        ]);
        sender.send_frame(0, 1, &&value).unwrap();
        let (mut buffer, mut fds) = (vec![0; 4096], Vec::new());
        let socket::Received::Datagram(n) = socket::receive(&theirs, &mut buffer, &mut fds).unwrap() else { panic!() };
        buffer.truncate(n);
        let listener = Listener::anonymous().unwrap();
        let endpoint = listener.endpoint().unwrap().as_handle().try_clone_to_owned().unwrap();
        let file = fs::File::open("/dev/null").unwrap().into();
        (Self { memory: fds.pop().unwrap(), endpoint, file }, buffer)
    }

    /// Which descriptors go with a message, by its first byte: up to three of three sorts.
    fn chosen(&self, byte: u8) -> Vec<BorrowedFd<'_>> {
        let sorts = [None, Some(&self.memory), Some(&self.endpoint), Some(&self.file)];
        (0..3).filter_map(|i| sorts[usize::from(byte >> (2 * i)) & 3].map(AsFd::as_fd)).collect()
    }
}

/// What the relay and both ends of a channel do with a datagram and its descriptors.
#[test]
fn a_message_from_a_peer() {
    let turn = turn();
    let (gear, good) = Gear::new();
    // The good one, so that what is bent from it gets far; its segment differs from run to run.
    let attempt = |input: &[u8]| {
        let (ours, attacker) = socket::pair().unwrap();
        let peer = socket::peer_credentials(&ours).unwrap();
        let victim = Connection::new(ours, peer);
        victim.define_ports(vec![("in".into(), video_frame())], vec![("out".into(), video_frame())]).unwrap();
        let (how, bytes) = input.split_first().map_or((0, input), |(first, rest)| (*first, rest));
        // An empty datagram is the end of a connection, not a message.
        if bytes.is_empty() || socket::send(&attacker, bytes, &gear.chosen(how)).is_err() {
            return "not sent".to_owned();
        }
        match victim.receive(&mut ValueSink, &mut Vec::new()) {
            Ok(event) => {
                assert!(!victim.is_closed());
                format!("understood {}", if event.is_some() { "as an event" } else { "as a note" })
            }
            Err(error) => {
                assert!(victim.is_closed(), "refused, but open: {error}");
                format!("{:?} {}", error.code, error.message)
            }
        }
    };
    let mut first = vec![1];
    first.extend_from_slice(&good);
    assert_eq!(attempt(&first), "understood as an event");
    fuzz(&turn, "wire", attempt);
}

/// The body of a control message, which has no schema: what the relay reads.
#[test]
fn a_body_without_a_schema() {
    fuzz(&turn(), "body", |input| {
        let mut reader = Reader::new(input);
        match decode_any(&mut reader, &mut ValueSink, &mut NoHandles).and_then(|value| reader.finish().map(|()| value))
        {
            Ok(value) => format!("understood {}", format!("{value:?}").split(['(', ' ']).next().unwrap_or("")),
            Err(error) => format!("{:?} {}", error.code, error.message),
        }
    });
}

const RICH: &str = r#"{"name":"Rich","fields":[
  {"name":"a","type":"Int32"},{"name":"b","type":"UInt64"},{"name":"c","type":"Float32"},{"name":"d","type":"Bool"},
  {"name":"e","type":"String"},{"name":"f","type":"Bytes"},{"name":"g","type":{"Optional":"Int64"}},
  {"name":"h","type":{"Array":{"Struct":[{"name":"x","type":"Float64"},{"name":"y","type":{"Enum":["on","off"]}}]}}}]}"#;

/// What was understood is written as it was read.
#[test]
fn a_frame_of_a_schema() {
    let schema = Schema::from_json(RICH).unwrap();
    fuzz(&turn(), "frame", |input| {
        let mut reader = Reader::new(input);
        let decoded = decode_frame(&schema, &mut reader, &mut ValueSink, &mut NoHandles);
        match decoded.and_then(|value| reader.finish().map(|()| value)) {
            Ok(value) => {
                let mut bytes = Vec::new();
                encode_frame(&schema, &&value, &mut bytes, &mut NoHandles).unwrap();
                let mut again = Reader::new(&bytes);
                let second = decode_frame(&schema, &mut again, &mut ValueSink, &mut NoHandles).unwrap();
                let mut once_more = Vec::new();
                encode_frame(&schema, &&second, &mut once_more, &mut NoHandles).unwrap();
                // Bytes, not values: a Float32 is rounded by who writes it.
                assert_eq!(once_more, bytes);
                "understood".to_owned()
            }
            Err(error) => format!("{:?} {}", error.code, error.message),
        }
    });
}

/// What was understood says the same when it is written and read again.
#[test]
fn a_schema() {
    fuzz(&turn(), "schema", |input| match Schema::from_json(&String::from_utf8_lossy(input)) {
        Ok(schema) => {
            let text = schema.to_json();
            assert_eq!(Schema::from_json(&text).unwrap().to_json(), text);
            "understood".to_owned()
        }
        Err(error) => format!("{:?} {}", error.code, error.message),
    });
}

/// Makes the corpus's first entries; run once, by hand: `STREAMLIB_FUZZ_SEED=1 cargo test … a_corpus_can_be_begun`.
#[test]
fn a_corpus_can_be_begun() {
    let schema = Schema::from_json(RICH).unwrap();
    let item = |x: f64, y: &str| Value::dictionary([("x", Value::Float(x)), ("y", Value::String(y.into()))]);
    let value = Value::dictionary([
        ("a", Value::Int(-1)),
        ("b", Value::UInt(u64::MAX)),
        ("c", Value::Float(1.5)),
        ("d", Value::Bool(true)),
        ("e", Value::String("text".into())),
        ("f", Value::Bytes(vec![1, 2, 3])),
        ("g", Value::Null),
        ("h", Value::Array(vec![item(0.0, "on"), item(-1.0, "off")])),
    ]);
    let mut frame = Vec::new();
    encode_frame(&schema, &&value, &mut frame, &mut NoHandles).unwrap();
    assert!(decode_any(&mut Reader::new(&frame), &mut ValueSink, &mut NoHandles).is_ok());
    let _turn = turn();
    let (_gear, good) = Gear::new();
    assert!(good.len() > HEADER);
    if std::env::var("STREAMLIB_FUZZ_SEED").is_err() {
        return;
    }
    for target in ["wire", "body", "frame", "schema"] {
        fs::create_dir_all(folder(target)).unwrap();
    }
    keep("frame", "seed", &frame);
    keep("body", "seed", &frame);
    keep("schema", "seed", RICH.as_bytes());
    keep("schema", "seed", video_frame().to_json().as_bytes());
    keep("wire", "seed", &[&[1], &good[..]].concat());
    // A control message as the relay gets it, taken off a real connection; with an endpoint and without.
    for endpoint in [None, Some(Listener::anonymous().unwrap())] {
        let (ours, theirs) = socket::pair().unwrap();
        let sender = Connection::new(ours, socket::peer_credentials(&theirs).unwrap());
        let request = Value::dictionary([
            ("type", Value::String("store_endpoint".into())),
            ("connection_id", Value::String("abc".into())),
        ]);
        let handle = endpoint.as_ref().map(|listener| listener.endpoint().unwrap());
        sender.send_control(&&request, handle.as_ref()).unwrap();
        let (mut buffer, mut fds) = (vec![0; 4096], Vec::new());
        let socket::Received::Datagram(n) = socket::receive(&theirs, &mut buffer, &mut fds).unwrap() else { panic!() };
        let how = if endpoint.is_some() { 2 } else { 0 };
        keep("wire", "seed", &[&[how], &buffer[..n]].concat());
        keep("body", "seed", &buffer[HEADER..n]);
    }
}
