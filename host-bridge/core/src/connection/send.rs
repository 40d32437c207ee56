//! Messages out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::exports::Exports;
use crate::codec::{HandleWriter, RawHandle};
use crate::error::{BridgeError, Code, Result};
use crate::memory::{Frame, FrameRef, ReleaseQueue};
use crate::sys::handle::{self, Handle, HandleRef};
use crate::sys::memory::spill;
use crate::sys::socket::{self, Sent, Socket, MAX_FDS, MAX_INLINE};
use crate::wire::{Ack, Header, HEADER, MAX_BODY, MAX_NOTES};

/// Control messages that wait for a slow peer, at most.
const MAX_QUEUED: usize = 1024;

#[derive(Debug)]
struct Queued {
    bytes: Vec<u8>,
    fds: Vec<Handle>,
}

/// All buffers are kept, so that a frame costs no allocation once their sizes have settled.
#[derive(Debug)]
pub(super) struct Sender {
    buffer: Vec<u8>,
    acks: Vec<Ack>,
    retired: Vec<u64>,
    lent: Vec<(FrameRef, Option<u8>)>,
    queue: VecDeque<Queued>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    Sent,
    /// Waits in the queue (control messages only).
    Queued,
    /// Nothing was sent.
    WouldBlock,
}

/// What a send needs of its connection.
pub(super) struct SendContext<'a> {
    pub socket: &'a Socket,
    pub exports: &'a Mutex<Exports>,
    pub releases: &'a Arc<ReleaseQueue>,
}

impl Sender {
    pub fn new() -> Self {
        Self {
            buffer: Vec::with_capacity(4096),
            acks: Vec::with_capacity(32),
            retired: Vec::new(),
            lent: Vec::with_capacity(MAX_FDS),
            queue: VecDeque::new(),
        }
    }

    /// Remembers an acknowledgement for the next message; a later one of the same port covers it.
    pub fn ack(&mut self, ack: Ack) {
        match self.acks.iter_mut().find(|a| a.port == ack.port) {
            Some(pending) => pending.frame_id = pending.frame_id.max(ack.frame_id),
            None => self.acks.push(ack),
        }
    }

    pub fn has_notes(&self) -> bool {
        !self.acks.is_empty() || !self.retired.is_empty()
    }

    pub fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    pub fn retired(&mut self) -> &mut Vec<u64> {
        &mut self.retired
    }

    /// Sends one message whose body `write` appends. `may_queue`: wait for room rather than refuse.
    pub fn send(
        &mut self,
        context: &SendContext<'_>,
        mut header: Header,
        endpoint: Option<HandleRef<'_>>,
        may_queue: bool,
        write: impl FnOnce(&mut Vec<u8>, &mut LeaseWriter<'_>) -> Result<()>,
    ) -> Result<SendOutcome> {
        if !self.queue.is_empty() && self.flush_queue(context)? == SendOutcome::WouldBlock && !may_queue {
            return Ok(SendOutcome::WouldBlock);
        }
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        header.ack_count = self.acks.len().min(MAX_NOTES) as u16;
        for ack in self.acks.iter().take(MAX_NOTES) {
            ack.write(&mut self.buffer);
        }
        let buffer = &mut self.buffer;
        let releases = context.releases.peek(MAX_NOTES, |r| r.write(buffer));
        header.release_count = releases as u16;
        let body_at = self.buffer.len();

        let mut leases = LeaseWriter { context, lent: &mut self.lent, fds: u8::from(endpoint.is_some()) };
        let written = write(&mut self.buffer, &mut leases).and_then(|()| check_length(self.buffer.len() - body_at));
        let result = written.and_then(|()| self.transmit(context, header, body_at, endpoint, may_queue));
        match result {
            Ok(SendOutcome::Sent | SendOutcome::Queued) => {
                self.lent.clear();
                self.acks.drain(..usize::from(header.ack_count));
                context.releases.sent(releases);
            }
            Ok(SendOutcome::WouldBlock) | Err(_) => self.take_back(context),
        }
        result
    }

    fn transmit(
        &mut self,
        context: &SendContext<'_>,
        mut header: Header,
        body_at: usize,
        endpoint: Option<HandleRef<'_>>,
        may_queue: bool,
    ) -> Result<SendOutcome> {
        let body = self.buffer.len() - body_at;
        header.body_len = body as u32;
        header.spilled = body > MAX_INLINE;
        let spilled = if header.spilled { Some(spill(&self.buffer[body_at..])?) } else { None };
        if header.spilled {
            self.buffer.truncate(body_at);
        }
        // Handles of the endpoint, of segments that cross, and of a spilled body, in this order. Most messages have none, and
        // an empty list costs no allocation.
        let crossing = self.lent.iter().filter(|(_, fd)| fd.is_some()).map(|(memory, _)| memory.segment().handle());
        let fds: Vec<HandleRef<'_>> =
            endpoint.into_iter().chain(crossing).chain(spilled.as_ref().map(handle::borrow)).collect();
        if fds.len() > MAX_FDS {
            return Err(BridgeError::value(format!("more than {MAX_FDS} handles in one message")));
        }
        header.fd_count = fds.len() as u8;
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());
        if self.queue.is_empty() {
            match socket::send(context.socket, &self.buffer, &fds)? {
                Sent::Done => return Ok(SendOutcome::Sent),
                Sent::Closed => return Err(BridgeError::new(Code::Closed, "the peer has closed the connection")),
                Sent::WouldBlock if !may_queue => return Ok(SendOutcome::WouldBlock),
                Sent::WouldBlock => {}
            }
        }
        if self.queue.len() >= MAX_QUEUED {
            return Err(BridgeError::new(
                Code::Exhausted,
                format!("{MAX_QUEUED} control messages wait for a peer that does not read"),
            ));
        }
        let fds = fds.into_iter().map(handle::keep).collect::<Result<Vec<_>>>()?;
        self.queue.push_back(Queued { bytes: self.buffer.clone(), fds });
        Ok(SendOutcome::Queued)
    }

    /// Sends what waits, in order.
    pub fn flush_queue(&mut self, context: &SendContext<'_>) -> Result<SendOutcome> {
        while let Some(next) = self.queue.front() {
            let fds: Vec<HandleRef<'_>> = next.fds.iter().map(handle::borrow).collect();
            match socket::send(context.socket, &next.bytes, &fds)? {
                Sent::Done => self.queue.pop_front(),
                Sent::WouldBlock => return Ok(SendOutcome::WouldBlock),
                Sent::Closed => return Err(BridgeError::new(Code::Closed, "the peer has closed the connection")),
            };
        }
        Ok(SendOutcome::Sent)
    }

    fn take_back(&mut self, context: &SendContext<'_>) {
        let mut exports = context.exports.lock().unwrap_or_else(PoisonError::into_inner);
        for (memory, crossing) in self.lent.drain(..).rev() {
            exports.undo(&memory, crossing.is_some());
        }
    }
}

fn check_length(body: usize) -> Result<()> {
    if body <= MAX_BODY {
        return Ok(());
    }
    Err(BridgeError::value(format!(
        "a message of {body} bytes; the most is {MAX_BODY}: put large data into a Buffer or a Texture"
    )))
}

/// Lends frames to the peer while a body is written.
pub(super) struct LeaseWriter<'a> {
    context: &'a SendContext<'a>,
    lent: &'a mut Vec<(FrameRef, Option<u8>)>,
    fds: u8,
}

impl HandleWriter for LeaseWriter<'_> {
    fn frame(&mut self, frame: &Frame) -> Result<RawHandle> {
        let memory = &frame.memory;
        let returned = self.context.releases.introduced(memory.segment());
        let mut fd = None;
        if !returned {
            let new = self.context.exports.lock().unwrap_or_else(PoisonError::into_inner).lend(memory)?;
            if new {
                fd = Some(self.fds);
                self.fds += 1;
            }
            self.lent.push((memory.clone(), fd));
        }
        Ok(RawHandle {
            returned,
            fd,
            segment: memory.segment().id(),
            slot: memory.slot(),
            generation: memory.generation(),
            layout: frame.layout,
        })
    }
}
