//! One XPC connection: its events, its inbox, and how much may be on the way.
//!
//! XPC takes as many messages as it is given, and calls back on threads of its own. Here a sender counts what the receiver
//! has not taken out of its inbox yet, and stops at a limit; the receiver tells how much it took (`credit`) with the
//! messages that it sends anyway, or in one of its own.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use block2::RcBlock;

use super::encode::{key, text};
use super::ffi::xpc;
use super::listening::Listening;
use super::object::{Kind, Object};
use super::process::Token;
use super::signal::Signal;
use crate::error::{BridgeError, Result};

/// Messages on the way in one direction, at most.
pub const WINDOW: usize = 256;
/// So many that were taken out are worth a message of their own.
const CREDIT_BATCH: usize = WINDOW / 4;
/// How long `close` waits for messages that were sent to leave this process.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub struct Link {
    connection: Object,
    state: Mutex<State>,
    /// Woken when the link ends.
    ended: Condvar,
    pub signal: Signal,
    cancelled: AtomicBool,
    pub port_names: OnceLock<Vec<std::ffi::CString>>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    inbox: VecDeque<Object>,
    /// Sent, and not yet taken out of the peer's inbox.
    in_flight: usize,
    /// Taken out of ours, and the peer not yet told.
    credit_due: usize,
    end: Option<End>,
    /// Keeps the listener that this came through: were that cancelled, the peer's side would end too.
    listening: Option<Arc<Listening>>,
}

#[derive(Debug)]
enum Phase {
    /// Of an incoming connection, before its first message.
    Greeting(Weak<dyn Handshake>),
    /// Of an outgoing one, and of an incoming one that was greeted.
    Open,
}

/// Decides about the first message of an incoming connection.
pub trait Handshake: Debug + Send + Sync {
    /// Answers it. False: the connection ends.
    fn first_message(&self, link: &Arc<Link>, message: &Object) -> bool;
}

/// Why nothing more comes.
#[derive(Debug, Clone)]
enum End {
    Closed,
    Broken(String),
}

pub enum Next {
    Message(Object),
    Nothing,
    Closed,
}

impl Link {
    /// Takes a connection that was not activated yet. `handshake`: it is an incoming one, and this lets it in.
    pub fn open(connection: Object, handshake: Option<Weak<dyn Handshake>>) -> Result<Arc<Self>> {
        let phase = handshake.map_or(Phase::Open, Phase::Greeting);
        let link = Arc::new(Self {
            connection,
            state: Mutex::new(State {
                phase,
                inbox: VecDeque::new(),
                in_flight: 0,
                credit_due: 0,
                end: None,
                listening: None,
            }),
            ended: Condvar::new(),
            signal: Signal::new()?,
            cancelled: AtomicBool::new(false),
            port_names: OnceLock::new(),
        });
        // Weak: the connection keeps the block, and the link keeps the connection.
        let (weak, token) = (Arc::downgrade(&link), Token::new());
        let handler: RcBlock<dyn Fn(xpc::xpc_object_t)> = RcBlock::new(move |event: xpc::xpc_object_t| {
            let _ = &token;
            // SAFETY: an event is valid for the time of this call.
            if let (Some(link), Some(event)) = (weak.upgrade(), unsafe { Object::retained(event) }) {
                link.event(event);
            }
        });
        // SAFETY: the connection is held and not yet active; the block is copied.
        unsafe {
            xpc::xpc_connection_set_event_handler(link.connection.raw(), RcBlock::as_ptr(&handler));
            xpc::xpc_connection_activate(link.connection.raw());
        }
        Ok(link)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn connection(&self) -> &Object {
        &self.connection
    }

    pub fn keep_listening(&self, listening: Arc<Listening>) {
        self.lock().listening = Some(listening);
    }

    /// On a thread of XPC's, one event at a time.
    fn event(self: &Arc<Self>, event: Object) {
        match event.kind() {
            Kind::Dictionary => self.message(event),
            // Interrupted (the service will be started anew, and knows nothing of us), invalid, about to be terminated:
            // what this link was is over in each case.
            _ => self.end(End::Closed),
        }
    }

    fn message(self: &Arc<Self>, message: Object) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        if let Phase::Greeting(handshake) = &state.phase {
            let handshake = handshake.upgrade();
            state.phase = Phase::Open;
            drop(state);
            if !handshake.is_some_and(|handshake| handshake.first_message(self, &message)) {
                self.end(End::Broken("a peer that did not begin with a greeting".into()));
            }
            return;
        }
        if let Some(credit) = message.get_uint(key::CREDIT) {
            if credit > state.in_flight as u64 {
                drop(state);
                return self.end(End::Broken(format!("the peer took {credit} messages more than it was sent")));
            }
            state.in_flight -= credit as usize;
            self.signal.set_writable(true);
        }
        if message.is_text(key::MESSAGE_TYPE, text::CREDIT) {
            return;
        }
        if state.inbox.len() + state.credit_due >= WINDOW {
            drop(state);
            return self.end(End::Broken(format!("the peer sent more than {WINDOW} messages that have not been read")));
        }
        state.inbox.push_back(message);
        self.signal.set_readable(true);
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(end);
            self.signal.set_readable(true);
            // A sender that waits is to find out.
            self.signal.set_writable(true);
            self.ended.notify_all();
        }
        drop(state);
        self.cancel();
    }

    /// The next message of the inbox. An error means that the peer broke the form of the link itself.
    pub fn next(&self) -> Result<Next> {
        let mut state = self.lock();
        let Some(message) = state.inbox.pop_front() else {
            return match &state.end {
                None => Ok(Next::Nothing),
                Some(End::Closed) => Ok(Next::Closed),
                Some(End::Broken(why)) => Err(BridgeError::malformed(why.clone())),
            };
        };
        state.credit_due += 1;
        if state.inbox.is_empty() && state.end.is_none() {
            self.signal.set_readable(false);
        }
        if state.credit_due >= CREDIT_BATCH && state.end.is_none() {
            let credit = Object::dictionary();
            credit.set(key::MESSAGE_TYPE, &Object::string(text::CREDIT));
            self.add_credit(&mut state, &credit);
            // Under the lock, so that no other message overtakes it: the peer checks the sum.
            self.transmit(&credit);
        }
        Ok(Next::Message(message))
    }

    fn add_credit(&self, state: &mut State, message: &Object) {
        if state.credit_due > 0 {
            message.set(key::CREDIT, &Object::uint(state.credit_due as u64));
            state.credit_due = 0;
        }
    }

    /// Room for one more message, or why there is none.
    pub fn reserve(&self) -> Reserved {
        let mut state = self.lock();
        if state.end.is_some() {
            return Reserved::Closed;
        }
        if state.in_flight >= WINDOW {
            self.signal.set_writable(false);
            return Reserved::Full;
        }
        state.in_flight += 1;
        Reserved::Room
    }

    /// The message for which there was room was not made after all.
    pub fn cancel_reservation(&self) {
        self.lock().in_flight -= 1;
    }

    /// Sends a message for which there is room.
    pub fn send(&self, message: &Object) {
        let mut state = self.lock();
        self.add_credit(&mut state, message);
        self.transmit(message);
    }

    fn transmit(&self, message: &Object) {
        // SAFETY: both are held. XPC copies the message, and takes it also after the connection was cancelled.
        unsafe { xpc::xpc_connection_send_message(self.connection.raw(), message.raw()) };
    }

    /// Blocks until nothing more will come. False when the time is over first.
    pub fn wait_end(&self, timeout: Duration) -> bool {
        let state = self.lock();
        let waited = self.ended.wait_timeout_while(state, timeout, |state| state.end.is_none());
        waited.map_or(true, |(state, _)| state.end.is_some())
    }

    /// Ends the link, after what was sent has left this process.
    pub fn close(&self) {
        if self.lock().end.is_some() {
            return self.cancel();
        }
        let left = Arc::new((Mutex::new(false), Condvar::new()));
        let (done, connection) = (left.clone(), self.connection.clone());
        let barrier: RcBlock<dyn Fn()> = RcBlock::new(move || {
            // Cancelling discards what was not sent, so it waits for its turn.
            // SAFETY: the connection is held by this block.
            unsafe { xpc::xpc_connection_cancel(connection.raw()) };
            *done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            done.1.notify_all();
        });
        self.cancelled.store(true, Ordering::Release);
        // SAFETY: the connection is held; the block is copied.
        unsafe { xpc::xpc_connection_send_barrier(self.connection.raw(), RcBlock::as_ptr(&barrier)) };
        // A process that says goodbye and exits takes unsent messages with it.
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let mut sent = left.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*sent {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            sent = left.1.wait_timeout(sent, rest).map_or_else(|e| e.into_inner().0, |(guard, _)| guard);
        }
        drop(sent);
        self.end(End::Closed);
        let mut state = self.lock();
        let left = (state.listening.take(), std::mem::take(&mut state.inbox));
        drop(state);
        drop(left);
    }

    fn cancel(&self) {
        if !self.cancelled.swap(true, Ordering::AcqRel) {
            // SAFETY: the connection is held, and active since `open`.
            unsafe { xpc::xpc_connection_cancel(self.connection.raw()) };
        }
    }
}

pub enum Reserved {
    Room,
    Full,
    Closed,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cancel();
    }
}
