//! Messages in. Everything here comes from a peer that is not trusted.

use std::sync::{Arc, Mutex, PoisonError};

use super::event::Event;
use super::exports::Exports;
use super::imports::Imports;
use crate::codec::{decode_any, decode_frame, scan_handles, HandleReader, RawHandle, Reader, Sink};
use crate::error::{BridgeError, Result};
use crate::memory::{Frame, FrameRef, Release, ReleaseQueue};
use crate::schema::Schema;
use crate::sys::endpoint::Endpoint;
use crate::sys::handle::Handle;
use crate::sys::memory::unspill;
use crate::sys::socket::{self, Received, Socket, MAX_DATAGRAM};
use crate::value::ValueSink;
use crate::wire::{Ack, Header, Kind};

#[derive(Debug)]
pub(super) struct Receiver {
    buffer: Vec<u8>,
    long: Vec<u8>,
    fds: Vec<Handle>,
    handles: Vec<Option<Handle>>,
    imports: Imports,
}

/// What a receive needs of its connection.
pub(super) struct ReceiveContext<'a> {
    pub socket: &'a Socket,
    pub exports: &'a Mutex<Exports>,
    pub releases: &'a Arc<ReleaseQueue>,
    /// Schemas of the input ports; `None` before they were defined.
    pub inputs: Option<&'a [(String, Schema)]>,
    /// How many output ports there are: a peer can acknowledge nothing else.
    pub outputs: usize,
}

impl Receiver {
    pub fn new() -> Self {
        Self {
            buffer: vec![0; MAX_DATAGRAM],
            long: Vec::new(),
            fds: Vec::with_capacity(socket::MAX_FDS),
            handles: Vec::with_capacity(socket::MAX_FDS),
            imports: Imports::default(),
        }
    }

    pub fn imported(&self) -> usize {
        self.imports.len()
    }

    pub fn forget_imports(&mut self) {
        self.imports.clear();
    }

    /// The next message, or `None` when there is none yet. Its acknowledgements are appended to `acks`.
    pub fn receive<S: Sink>(
        &mut self,
        context: &ReceiveContext<'_>,
        sink: &mut S,
        acks: &mut Vec<Ack>,
    ) -> Result<Option<Event<S::Value>>> {
        self.fds.clear();
        self.handles.clear();
        let received = socket::receive_message(context.socket, &mut self.buffer, &mut self.fds, context.inputs);
        if !matches!(received, Ok(Received::Datagram(_))) {
            // Now rather than with the connection, which a collector may keep for long.
            self.fds.clear();
        }
        let length = match received? {
            Received::WouldBlock => return Ok(None),
            Received::Closed => return Ok(Some(Event::Closed)),
            Received::Datagram(length) => length,
        };
        self.handles.extend(self.fds.drain(..).map(Some));
        let event = self.decode(context, length, sink, acks);
        if self.handles.iter().any(Option::is_some) {
            self.handles.clear();
            if event.is_ok() {
                return Err(BridgeError::malformed("a message with a descriptor that nothing in it names"));
            }
        }
        event.map(Some)
    }

    fn decode<S: Sink>(
        &mut self,
        context: &ReceiveContext<'_>,
        length: usize,
        sink: &mut S,
        acks: &mut Vec<Ack>,
    ) -> Result<Event<S::Value>> {
        let mut reader = Reader::new(&self.buffer[..length]);
        let header = Header::read(&mut reader, self.handles.len())?;
        for _ in 0..header.ack_count {
            let ack = Ack::read(&mut reader)?;
            if usize::from(ack.port) >= context.outputs {
                return Err(BridgeError::malformed(format!(
                    "an acknowledgement for output {}, which is none",
                    ack.port
                )));
            }
            acks.push(ack);
        }
        if header.release_count > 0 {
            let mut exports = context.exports.lock().unwrap_or_else(PoisonError::into_inner);
            for _ in 0..header.release_count {
                exports.give_back(&Release::read(&mut reader)?)?;
            }
        }
        let body_len = header.body_len as usize;
        if header.spilled {
            reader.finish()?;
            let fd =
                self.handles.pop().flatten().ok_or_else(|| BridgeError::malformed("a long body that did not come"))?;
            unspill(&fd, body_len, &mut self.long)?;
            reader = Reader::new(&self.long);
        } else if reader.remaining() != body_len {
            return Err(BridgeError::malformed(format!(
                "a body of {} bytes announced as {body_len}",
                reader.remaining()
            )));
        }
        let mut handles = Handles {
            context,
            fds: &mut self.handles,
            imports: &mut self.imports,
            may_hold_frames: header.kind == Kind::Frame,
        };
        let event = match header.kind {
            Kind::Control => Event::Control(decode_any(&mut reader, sink, &mut handles)?),
            Kind::Frame => frame(&header, &mut reader, sink, &mut handles)?,
            Kind::Housekeeping => {
                while reader.remaining() > 0 {
                    handles.imports.retire(reader.u64()?);
                }
                Event::Housekeeping
            }
        };
        reader.finish()?;
        Ok(event)
    }
}

fn frame<S: Sink>(
    header: &Header,
    reader: &mut Reader<'_>,
    sink: &mut S,
    handles: &mut Handles<'_, '_>,
) -> Result<Event<S::Value>> {
    let port = usize::from(header.port);
    let Some(inputs) = handles.context.inputs else {
        return Err(BridgeError::malformed("a frame before the ports were defined"));
    };
    let lost = handles.map_segments(&mut reader.clone());
    match inputs.get(port) {
        Some((name, schema)) => {
            if let Some(error) = lost.map_err(|e| e.on_port(name))? {
                reader.skip();
                return Ok(Event::Lost { port, frame_id: header.frame_id, error: error.on_port(name) });
            }
            sink.begin_frame(port);
            let value = decode_frame(schema, reader, sink, handles).map_err(|e| e.on_port(name))?;
            Ok(Event::Frame { port, frame_id: header.frame_id, value })
        }
        None => {
            // Read all the same, so that its leases go back.
            match lost? {
                Some(_) => reader.skip(),
                None => drop(decode_any(reader, &mut ValueSink, handles)?),
            }
            Ok(Event::UnknownPort { port, frame_id: header.frame_id })
        }
    }
}

struct Handles<'a, 'b> {
    context: &'a ReceiveContext<'b>,
    fds: &'a mut Vec<Option<Handle>>,
    imports: &'a mut Imports,
    /// No handler of control messages looks for memory in them, so nobody would ever let go of it.
    may_hold_frames: bool,
}

impl Handles<'_, '_> {
    fn take(&mut self, index: u8) -> Result<Handle> {
        let fd = self.fds.get_mut(usize::from(index)).and_then(Option::take);
        fd.ok_or_else(|| BridgeError::malformed(format!("descriptor {index} is not there, or is named twice")))
    }

    /// Maps what a frame needs and is not mapped yet. If the system refuses, the frame cannot be read: its leases go back, and
    /// why is returned.
    fn map_segments(&mut self, reader: &mut Reader<'_>) -> Result<Option<BridgeError>> {
        if self.imports.all_mapped() && self.fds.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut leases: Vec<Release> = Vec::new();
        let mut refused = None;
        scan_handles(reader, &mut |raw| {
            if raw.returned {
                return Ok(());
            }
            if let Some(fd) = raw.fd {
                let handle = self.take(fd)?;
                self.imports.introduce(raw.segment, handle)?;
            }
            refused = refused.take().or(self.imports.map(raw.segment, self.context.releases)?);
            leases.push(Release { segment: raw.segment, slot: raw.slot, count: 1, generation: raw.generation });
            Ok(())
        })?;
        if refused.is_some() {
            leases.into_iter().for_each(|lease| self.context.releases.push(lease));
        }
        Ok(refused)
    }
}

impl HandleReader for Handles<'_, '_> {
    fn frame(&mut self, raw: RawHandle) -> Result<Frame> {
        if !self.may_hold_frames {
            return Err(BridgeError::malformed("a control message with a texture or a buffer"));
        }
        if raw.returned {
            return self.context.exports.lock().unwrap_or_else(PoisonError::into_inner).returned(&raw);
        }
        let segment = self.imports.find(raw.segment)?;
        if raw.layout.byte_length() > segment.slot_size() {
            return Err(BridgeError::malformed(format!(
                "a frame of {} bytes in a slot of {}",
                raw.layout.byte_length(),
                segment.slot_size()
            )));
        }
        if !segment.form().holds(&raw.layout) {
            return Err(BridgeError::malformed("a frame of another shape than its memory"));
        }
        let memory = FrameRef::received(segment.clone(), raw.slot, raw.generation)?;
        Ok(Frame { memory, layout: raw.layout })
    }

    fn endpoint(&mut self, fd: u8) -> Result<Endpoint> {
        Endpoint::from_handle(self.take(fd)?)
    }
}
