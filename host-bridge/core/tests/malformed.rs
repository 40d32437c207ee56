//! A peer that breaks the form: each message is refused, the connection ends, and nothing is left behind.

// What a peer can do to a socket; what it can do to an XPC connection is in macos_faults.rs.
#![cfg(all(target_os = "linux", not(any(feature = "macos-shim", feature = "in-process"))))]

mod ledger;

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ledger::{counts, turn};
use streamlib_bridge::connection::Connection;
use streamlib_bridge::error::{BridgeError, Code};
use streamlib_bridge::memory::{Frame, FramePool, PixelFormat, Release, TextureLayout};
use streamlib_bridge::schema::video_frame;
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::{Value, ValueSink};
use streamlib_bridge::wire::{Header, Kind, HEADER, MAX_BODY};
use streamlib_bridge::DebugCounts;

/// A connection whose other end is a bare socket.
struct Victim {
    connection: Option<Connection>,
    attacker: OwnedFd,
    before: DebugCounts,
}

impl Victim {
    fn new() -> Self {
        let before = counts();
        let (ours, attacker) = socket::pair().unwrap();
        let peer = socket::peer_credentials(&ours).unwrap();
        let connection = Connection::new(ours, peer);
        connection.define_ports(vec![("in".into(), video_frame())], vec![("out".into(), video_frame())]).unwrap();
        Self { connection: Some(connection), attacker, before }
    }

    fn connection(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }

    fn attack(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> BridgeError {
        assert!(matches!(socket::send(&self.attacker, bytes, fds).unwrap(), socket::Sent::Done));
        let error = self.connection().receive(&mut ValueSink, &mut Vec::new()).expect_err("it passed");
        assert!(self.connection().is_closed());
        error
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        drop(self.connection.take());
        if !std::thread::panicking() {
            // The attacker's own end is still open.
            let now = counts();
            assert_eq!(DebugCounts { descriptors: now.descriptors - 1, ..now }, self.before);
        }
    }
}

fn message(kind: Kind, fd_count: u8, body: &[u8]) -> Vec<u8> {
    let mut header = Header::new(kind, 0, 1);
    header.fd_count = fd_count;
    header.body_len = body.len() as u32;
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A good frame message as one connection sends it, with the descriptor of its memory.
fn good_frame(pool: &FramePool) -> (Vec<u8>, OwnedFd, Frame) {
    let (ours, theirs) = socket::pair().unwrap();
    let peer = socket::peer_credentials(&ours).unwrap();
    let sender = Connection::new(ours, peer);
    sender.define_ports(vec![], vec![("out".into(), video_frame())]).unwrap();
    let frame = pool.texture(TextureLayout::packed(16, 16, PixelFormat::Rgb8).unwrap()).unwrap().unwrap();
    let value = Value::dictionary([
        ("pixel_buffer", Value::Frame(frame.clone())),
        ("timestamp_ns", Value::Int(1)),
        ("frame_number", Value::UInt(1)),
    ]);
    sender.send_frame(0, 1, &&value).unwrap();
    let (mut buffer, mut fds) = (vec![0; 4096], Vec::new());
    let socket::Received::Datagram(n) = socket::receive(&theirs, &mut buffer, &mut fds).unwrap() else { panic!() };
    buffer.truncate(n);
    (buffer, fds.pop().unwrap(), frame)
}

/// Where the handle of such a message begins: behind header, dictionary, key and tag.
const HANDLE: usize = HEADER + 1 + 2 + 1 + "pixel_buffer".len() + 1;

#[test]
fn the_good_message_that_the_others_are_bent_from_passes() {
    let _turn = turn();
    let victim = Victim::new();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    assert!(matches!(socket::send(&victim.attacker, &bytes, &[fd.as_fd()]).unwrap(), socket::Sent::Done));
    drop(fd);
    assert!(victim.connection().receive(&mut ValueSink, &mut Vec::new()).unwrap().is_some());
    drop((frame, pool));
}

/// Whoever handles control messages does not look for memory in them, and would never let go of it.
#[test]
fn a_control_message_with_a_texture() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (mut bytes, fd, frame) = good_frame(&pool);
    bytes[3] = Kind::Control as u8;
    let victim = Victim::new();
    let error = victim.attack(&bytes, &[fd.as_fd()]);
    assert_eq!(error.code, Code::Malformed, "{error}");
    drop(victim);
    drop((frame, pool, fd));
}

#[test]
fn truncated_at_every_length() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    for n in 1..bytes.len() {
        let victim = Victim::new();
        victim.attack(&bytes[..n], &[fd.as_fd()]);
        // The body cut, and the header made to agree with what is left.
        if n > HEADER {
            let victim = {
                drop(victim);
                Victim::new()
            };
            let mut cut = bytes[..n].to_vec();
            cut[16..20].copy_from_slice(&((n - HEADER) as u32).to_le_bytes());
            victim.attack(&cut, &[fd.as_fd()]);
        }
    }
    drop((frame, pool, fd));
}

#[test]
fn every_byte_of_a_handle_is_checked() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    // origin, fd index, slot, generation, width, height, stride, format. (Any segment id is as good as another.)
    for (what, at, value) in [
        ("origin", HANDLE, 2),
        ("returned memory", HANDLE, 1),
        ("fd index", HANDLE + 1, 1),
        ("no fd, unknown segment", HANDLE + 1, 0xFF),
        ("slot", HANDLE + 2, 4),
        ("slot, high", HANDLE + 5, 0x80),
        ("generation", HANDLE + 14, 9),
        ("width beyond the stride", HANDLE + 22, 200),
        ("width of 0", HANDLE + 22, 0),
        ("height beyond the slot", HANDLE + 27, 0x70),
        ("stride", HANDLE + 33, 0xFF),
        ("format", HANDLE + 34, 0),
        ("a format that there is not", HANDLE + 34, 24),
        ("a format whose rows are longer than the stride", HANDLE + 34, 10),
        ("a format with colours, which are missing", HANDLE + 34, 0x81),
    ] {
        let victim = Victim::new();
        let mut bent = bytes.clone();
        assert_ne!(bent[at], value, "{what} is not bent");
        bent[at] = value;
        let error = victim.attack(&bent, &[fd.as_fd()]);
        assert!(matches!(error.code, Code::Malformed | Code::Stale), "{what}: {error}");
    }
    drop((frame, pool, fd));
}

/// The bytes that pictures without colours and of the first formats have always had: other builds know them.
#[test]
fn a_texture_of_an_old_format_has_the_bytes_that_it_always_had() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    let mut expected = vec![0, 0];
    expected.extend_from_slice(&frame.memory.slot().to_le_bytes());
    expected.extend_from_slice(&frame.memory.segment().id().to_le_bytes());
    expected.extend_from_slice(&frame.memory.generation().to_le_bytes());
    for number in [16_u32, 16, 48] {
        expected.extend_from_slice(&number.to_le_bytes());
    }
    expected.push(1);
    assert_eq!(expected.len(), 35);
    assert_eq!(bytes[HANDLE..HANDLE + 35], expected);
    assert_eq!(bytes[HANDLE + 35], "timestamp_ns".len() as u8, "the next field follows at once");
    drop((frame, pool, fd));
}

/// A good message with other bytes in the place of its format.
fn with_format(bytes: &[u8], format: &[u8]) -> Vec<u8> {
    let mut bent = bytes[..HANDLE + 34].to_vec();
    bent.extend_from_slice(format);
    bent.extend_from_slice(&bytes[HANDLE + 35..]);
    let body = (bent.len() - HEADER) as u32;
    bent[16..20].copy_from_slice(&body.to_le_bytes());
    bent
}

#[test]
fn every_byte_of_a_colour_is_checked() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    let victim = Victim::new();
    let good = with_format(&bytes, &[0x81, 2, 0, 13, 1]);
    assert!(matches!(socket::send(&victim.attacker, &good, &[fd.as_fd()]).unwrap(), socket::Sent::Done));
    assert!(victim.connection().receive(&mut ValueSink, &mut Vec::new()).unwrap().is_some());
    drop(victim);
    for (what, colour) in [
        ("range", [0x81, 3, 1, 1, 1]),
        ("matrix", [0x81, 1, 3, 1, 1]),
        ("transfer", [0x81, 1, 1, 0, 1]),
        ("primaries", [0x81, 1, 1, 1, 255]),
        ("colours that say nothing", [0x81, 0, 2, 2, 2]),
        ("a format that there is not", [0xFF, 1, 1, 1, 1]),
    ] {
        let error = Victim::new().attack(&with_format(&bytes, &colour), &[fd.as_fd()]);
        assert_eq!(error.code, Code::Malformed, "{what}: {error}");
    }
    drop((frame, pool, fd));
}

/// A slot of a page holds 16 rows of 256 bytes; what needs more than that is refused, whichever plane it is.
#[test]
fn planes_beyond_the_slot_are_refused() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    let bent = |format: u8, width: u32, height: u32, stride: u32| {
        let mut bent = with_format(&bytes, &[format]);
        for (index, number) in [width, height, stride].into_iter().enumerate() {
            bent[HANDLE + 22 + 4 * index..][..4].copy_from_slice(&number.to_le_bytes());
        }
        bent
    };
    // i444 of 64 rows of 64 bytes: the first plane fills the slot, the others lie behind it.
    for (format, width, height, stride) in [(15, 64, 64, 64), (12, 64, 43, 64), (13, 64, 43, 64), (16, 32, 43, 64)] {
        let error = Victim::new().attack(&bent(format, width, height, stride), &[fd.as_fd()]);
        assert!(error.message.contains("in a slot of 4096"), "{format}: {error}");
    }
    for (format, width, stride) in [(6, 64, 127), (12, 64, 63), (18, 63, 126), (19, 64, 159), (23, 48, 127)] {
        let error = Victim::new().attack(&bent(format, width, 1, stride), &[fd.as_fd()]);
        assert!(error.message.contains("a stride of"), "{format}: {error}");
    }
    drop((frame, pool, fd));
}

#[test]
fn a_descriptor_of_the_wrong_kind() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    let mut file = tempfile();
    file.write_all(&[0; 65536]).unwrap();
    let (pipe_read, pipe_write) = rustix::pipe::pipe().unwrap();
    let (plain, other) = socket::pair().unwrap();
    let unsealed = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&unsealed, 65536).unwrap();
    let sealed_zeros = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&sealed_zeros, 65536).unwrap();
    let seals = rustix::fs::SealFlags::SHRINK | rustix::fs::SealFlags::GROW | rustix::fs::SealFlags::FUTURE_WRITE;
    rustix::fs::fallocate(&sealed_zeros, rustix::fs::FallocateFlags::empty(), 0, 65536).unwrap();
    rustix::fs::fcntl_add_seals(&sealed_zeros, seals).unwrap();
    let hollow = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&hollow, 1 << 40).unwrap();
    rustix::fs::fcntl_add_seals(&hollow, seals).unwrap();
    let wrong = [
        ("a file", file.as_fd()),
        ("a pipe", pipe_read.as_fd()),
        ("a socket", plain.as_fd()),
        ("unsealed memory", unsealed.as_fd()),
        ("sealed memory without our header", sealed_zeros.as_fd()),
        ("a terabyte that is not there", hollow.as_fd()),
    ];
    for (what, fd) in wrong {
        let victim = Victim::new();
        let error = victim.attack(&bytes, &[fd]);
        assert_eq!(error.code, Code::Malformed, "{what}: {error}");
    }
    drop((frame, pool, fd, pipe_write, other));
}

fn tempfile() -> std::fs::File {
    let path = std::env::temp_dir().join(format!("streamlib-malformed-{}", std::process::id()));
    let file = std::fs::OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

#[test]
fn too_few_and_too_many_descriptors() {
    let _turn = turn();
    let pool = FramePool::new(4);
    let (bytes, fd, frame) = good_frame(&pool);
    for count in [0, 2, 16] {
        let victim = Victim::new();
        let fds = vec![fd.as_fd(); count];
        victim.attack(&bytes, &fds);
        // And when the header tells the truth about their number.
        let victim = {
            drop(victim);
            Victim::new()
        };
        let mut honest = bytes.clone();
        honest[6] = count as u8;
        victim.attack(&honest, &fds);
    }
    drop((frame, pool, fd));
}

#[test]
fn more_descriptors_than_a_message_can_hold() {
    let _turn = turn();
    let victim = Victim::new();
    let (a, b) = socket::pair().unwrap();
    // Past our own `send`, which has room for 16.
    let fds = vec![a.as_fd(); 40];
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(40))];
    let mut ancillary = rustix::net::SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(rustix::net::SendAncillaryMessage::ScmRights(&fds)));
    let bytes = message(Kind::Control, 40, &[8, 0, 0]);
    rustix::net::sendmsg(
        &victim.attacker,
        &[std::io::IoSlice::new(&bytes)],
        &mut ancillary,
        rustix::net::SendFlags::empty(),
    )
    .unwrap();
    let error = victim.connection().receive(&mut ValueSink, &mut Vec::new()).unwrap_err();
    assert!(error.message.contains("descriptors"), "{error}");
    drop((a, b));
}

#[test]
fn lengths_that_lie() {
    let _turn = turn();
    let dictionary = |rest: &[u8]| [&[8, 1, 0, 1, b'k'], rest].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a string", dictionary(&[5, 0xFF, 0xFF, 0xFF, 0x7F, b'x'])),
        ("data", dictionary(&[6, 0xFF, 0xFF, 0xFF, 0xFF])),
        ("an array", dictionary(&[7, 0xFF, 0xFF, 0xFF, 0xFF, 0])),
        ("a dictionary", vec![8, 0xFF, 0xFF]),
        ("bytes after the end", [dictionary(&[0]), vec![0]].concat()),
        ("an unknown tag", dictionary(&[99])),
        ("a Bool of 2", dictionary(&[1, 2])),
        ("text that is no text", dictionary(&[5, 1, 0, 0, 0, 0xFF])),
        ("an endpoint without descriptor", dictionary(&[11, 0])),
        ("too deep", [[7, 1, 0, 0, 0].repeat(40), vec![0]].concat()),
        ("nothing", vec![]),
    ];
    for (what, body) in cases {
        let victim = Victim::new();
        let error = victim.attack(&message(Kind::Control, 0, &body), &[]);
        assert_eq!(error.code, Code::Malformed, "{what}: {error}");
    }
}

#[test]
fn an_endpoint_that_is_something_else() {
    let _turn = turn();
    let body = [&[8, 1, 0, 8][..], b"endpoint", &[11, 0]].concat();
    let listener = streamlib_bridge::sys::endpoint::Listener::anonymous().unwrap();
    let (plain, other) = socket::pair().unwrap();
    let directory = rustix::fs::open("/tmp", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
    for (what, fd) in
        [("a socket", plain.as_fd()), ("the listener itself", listener.as_fd()), ("a directory", directory.as_fd())]
    {
        let victim = Victim::new();
        let error = victim.attack(&message(Kind::Control, 1, &body), &[fd]);
        assert_eq!(error.code, Code::NotEndpoint, "{what}: {error}");
    }
    drop(other);
}

#[test]
fn an_oversized_datagram() {
    let _turn = turn();
    let victim = Victim::new();
    let error = victim.attack(&message(Kind::Control, 0, &vec![0; 120 * 1024]), &[]);
    assert!(error.message.contains("longer than"), "{error}");
}

#[test]
fn a_spilled_body_that_lies() {
    let _turn = turn();
    let content = [&[8, 1, 0, 1, b'k', 0][..]].concat();
    let sealed = streamlib_bridge::sys::memory::spill(&content).unwrap();
    let unsealed = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::io::write(&unsealed, &content).unwrap();
    let spilled = |length: u32| {
        let mut header = Header::new(Kind::Control, 0, 0);
        header.spilled = true;
        header.fd_count = 1;
        header.body_len = length;
        header.to_bytes()
    };
    let n = content.len() as u32;
    for (what, bytes, fd) in [
        ("longer than the file", spilled(n + 1), sealed.as_fd()),
        ("shorter than the file", spilled(n - 1), sealed.as_fd()),
        ("not sealed", spilled(n), unsealed.as_fd()),
        ("beyond the limit", spilled(MAX_BODY as u32 + 1), sealed.as_fd()),
    ] {
        let victim = Victim::new();
        let error = victim.attack(&bytes, &[fd]);
        assert_eq!(error.code, Code::Malformed, "{what}: {error}");
    }
}

#[test]
fn memory_that_was_never_lent_cannot_be_released_or_named() {
    let _turn = turn();
    for generation in [0, 1, u64::MAX] {
        let victim = Victim::new();
        let mut header = Header::new(Kind::Housekeeping, 0, 0);
        header.release_count = 1;
        let mut bytes = header.to_bytes().to_vec();
        Release { segment: 7, slot: 0, count: 1, generation }.write(&mut bytes);
        assert_eq!(victim.attack(&bytes, &[]).code, Code::Malformed);
    }
}

#[test]
fn more_leases_than_were_lent_cannot_be_given_back() {
    let _turn = turn();
    let pool = FramePool::new(4);
    for (count, generation, slot) in [(2, 1, 0), (0, 1, 0), (1, 2, 0), (1, 1, 1), (1, 1, 64)] {
        let frame = pool.texture(TextureLayout::packed(16, 16, PixelFormat::Rgb8).unwrap()).unwrap().unwrap();
        let victim = Victim::new();
        let value = Value::dictionary([
            ("pixel_buffer", Value::Frame(frame.clone())),
            ("timestamp_ns", Value::Int(1)),
            ("frame_number", Value::UInt(1)),
        ]);
        victim.connection().send_frame(0, 1, &&value).unwrap();
        let mut header = Header::new(Kind::Housekeeping, 0, 0);
        header.release_count = 1;
        let mut bytes = header.to_bytes().to_vec();
        let name = &frame.memory;
        Release {
            segment: name.segment().id(),
            slot: name.slot() + slot,
            count,
            generation: name.generation() + generation - 1,
        }
        .write(&mut bytes);
        assert_eq!(victim.attack(&bytes, &[]).code, Code::Malformed);
        // What the attacker's end still holds in its queue must not count as left behind by the victim.
        let (mut buffer, mut fds) = (vec![0; 4096], Vec::new());
        let _ = socket::receive(&victim.attacker, &mut buffer, &mut fds);
        drop((value, fds));
        drop(victim);
        drop(frame);
    }
}
