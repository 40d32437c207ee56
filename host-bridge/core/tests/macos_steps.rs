//! A peer that is killed, or whose connection is interrupted, at each step of a connection's life: everything comes back, and the
//! ledger is at zero after each.

#![cfg(feature = "macos-shim")]

mod ledger;
mod macos_peer;

use std::time::{Duration, Instant};

use ledger::Ledger;
use macos_peer::*;
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::error::Code;
use streamlib_bridge::memory::{FramePool, PixelFormat, TextureLayout};
use streamlib_bridge::sys::endpoint::{Endpoint, Listener};
use streamlib_bridge::sys::socket;
use streamlib_bridge::value::Value;

/// What this process has when the step is reached, to be looked at when the peer is gone.
type Held = Vec<Value>;

struct Step {
    name: &'static str,
    role: &'static str,
    reach: fn(&Peer, &FramePool) -> Held,
}

const NOTHING: fn(&Peer, &FramePool) -> Held = |_, _| vec![];

/// In the order in which a connection comes to them.
const STEPS: &[Step] = &[
    Step { name: "it was let in and has not been heard", role: "deaf", reach: NOTHING },
    Step {
        name: "it has greeted us",
        role: "idle",
        reach: |peer, _| {
            hear(&peer.link, "connected");
            vec![]
        },
    },
    Step {
        name: "a control message waits for it",
        role: "deaf",
        reach: |peer, _| {
            say(&peer.link, Value::Null);
            vec![]
        },
    },
    Step {
        name: "a long message waits for it",
        role: "deaf",
        reach: |peer, _| {
            say(&peer.link, Value::Bytes(vec![7; 12 << 20]));
            vec![]
        },
    },
    Step {
        name: "so many messages wait for it that others wait for room",
        role: "deaf",
        reach: |peer, _| {
            while !peer.link.wants_write() {
                say(&peer.link, Value::Null);
            }
            vec![]
        },
    },
    Step {
        name: "an endpoint of ours waits for it",
        role: "deaf",
        reach: |peer, _| {
            let listener = Listener::anonymous().unwrap();
            let endpoint = listener.endpoint().unwrap();
            peer.link.send_control(&&Value::dictionary([]), Some(&endpoint)).unwrap();
            vec![]
        },
    },
    Step {
        name: "frames wait for it",
        role: "deaf",
        reach: |peer, pool| {
            for number in 0..3 {
                peer.link.send_frame(0, number, &&video(texture(pool, 1), number)).unwrap();
            }
            assert_eq!(peer.link.stats().outstanding, 3);
            vec![]
        },
    },
    Step {
        name: "it holds a frame, and others wait for it",
        role: "hold",
        reach: |peer, pool| {
            hear(&peer.link, "ready");
            peer.link.send_frame(0, 1, &&video(texture(pool, 1), 1)).unwrap();
            hear(&peer.link, "holding");
            for number in 2..4 {
                peer.link.send_frame(0, number, &&video(texture(pool, 1), number)).unwrap();
            }
            vec![]
        },
    },
    Step {
        name: "a frame of ours has come back from it",
        role: "echo",
        reach: |peer, pool| {
            hear(&peer.link, "ready");
            peer.link.send_frame(0, 1, &&video(texture(pool, 1), 1)).unwrap();
            vec![next_frame(&peer.link)]
        },
    },
    Step {
        name: "we hold a frame of its, and others wait for us",
        role: "produce",
        reach: |peer, _| vec![next_frame(&peer.link)],
    },
    Step {
        name: "a frame of its goes back to it",
        role: "produce",
        reach: |peer, _| {
            let value = next_frame(&peer.link);
            peer.link.send_frame(0, 1, &&value).unwrap();
            vec![value]
        },
    },
    Step {
        name: "what it was given back travels to it",
        role: "produce",
        reach: |peer, _| {
            drop(next_frame(&peer.link));
            peer.link.flush().unwrap();
            vec![]
        },
    },
    Step { name: "it talks without end", role: "talk", reach: NOTHING },
];

fn say(link: &Connection, what: Value) {
    link.send_control(&&Value::dictionary([("what", what)]), None).unwrap();
}

fn next_frame(link: &Connection) -> Value {
    loop {
        if let Event::Frame { value, .. } = next(link) {
            return value;
        }
    }
}

/// Reads what came before the end, then checks that nothing is lent, here or there, and that memory can be used again.
fn is_over(step: &str, peer: &Peer, pool: FramePool, held: Held) {
    assert!(peer.link.wait_hang_up(PATIENCE), "{step}: its end was not noticed");
    until_closed(&peer.link);
    for value in &held {
        // SAFETY: the lease is held, and the mapping with it, whoever made the memory.
        unsafe { frame_of(value).memory.ptr().read_volatile() };
    }
    drop(held);
    let stats = peer.link.stats();
    assert_eq!((stats.outstanding, stats.imported), (0, 0), "{step}");
    assert_eq!(pool.stats().free, pool.stats().slots, "{step}");
    let error = peer.link.send_control(&&Value::dictionary([]), None).unwrap_err();
    assert_eq!(error.code, Code::Closed, "{step}");
}

#[test]
fn a_peer_killed_at_any_step_gives_everything_back() {
    for step in STEPS {
        let _ledger = Ledger::open();
        let mut peer = Peer::start(step.role);
        let pool = FramePool::new(4);
        let held = (step.reach)(&peer, &pool);
        peer.kill();
        is_over(step.name, &peer, pool, held);
    }
}

#[test]
fn a_connection_interrupted_at_any_step_gives_everything_back() {
    for step in STEPS {
        let _ledger = Ledger::open();
        let peer = Peer::start(step.role);
        let pool = FramePool::new(4);
        let held = (step.reach)(&peer, &pool);
        xpc_shim::interrupt_all();
        // The peer lives, and its surfaces are still in use there: only what is ours comes back.
        is_over(step.name, &peer, pool, held);
    }
}

#[test]
fn a_peer_killed_before_it_was_let_in_is_let_in_dead_or_not_at_all() {
    let _ledger = Ledger::open();
    let (mut child, listener) = Peer::knocking("deaf");
    assert!(socket::wait(listener.as_fd(), false, Some(PATIENCE)).unwrap(), "it greeted");
    child.kill().unwrap();
    child.wait().unwrap();
    if let Some((socket, credentials)) = listener.accept().unwrap() {
        assert_eq!(credentials.pid, child.id());
        until_closed(&Connection::new(socket, credentials));
    }
}

#[test]
fn an_endpoint_of_a_peer_that_was_killed_before_anybody_used_it_connects_to_nobody() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("listen");
    let message = hear(&peer.link, "listening");
    peer.kill();
    until_closed(&peer.link);
    for _ in 0..2 {
        assert_eq!(Connection::connect(endpoint_of(&message)).unwrap_err().code, Code::Io);
    }
}

#[test]
fn a_listener_that_was_stopped_is_waited_for_and_its_death_ends_the_wait() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("listen");
    let message = hear(&peer.link, "listening");
    let pid = rustix::process::Pid::from_raw(peer.child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Connection::connect(endpoint_of(&message)).map(drop));
        peer.kill();
        assert_eq!(waiting.join().unwrap().unwrap_err().code, Code::Io);
    });
    assert!(began.elapsed() < Duration::from_secs(4), "it was told, not waited for to the end");
}

#[test]
fn surfaces_of_an_interrupted_peer_are_not_used_again_while_it_uses_them() {
    let _ledger = Ledger::open();
    let mut peer = Peer::start("hold");
    hear(&peer.link, "ready");
    let pool = FramePool::new(2);
    peer.link.send_frame(0, 1, &&video(texture(&pool, 7), 1)).unwrap();
    hear(&peer.link, "holding");
    xpc_shim::interrupt_all();
    until_closed(&peer.link);
    assert_eq!(pool.stats().free, 1, "the lease is back");
    drop(texture(&pool, 8));
    peer.kill();
    let layout = TextureLayout::packed(64, 32, PixelFormat::Bgra8).unwrap();
    let both = (pool.texture(layout).unwrap(), pool.texture(layout).unwrap());
    assert!(both.0.is_some() && both.1.is_some(), "after its death both can be used");
}

fn endpoint_of(message: &Value) -> &Endpoint {
    match message.get("endpoint") {
        Some(Value::Endpoint(endpoint)) => endpoint,
        other => panic!("no endpoint: {other:?}"),
    }
}
