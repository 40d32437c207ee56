//! A message as bytes, turned into an XPC dictionary of typed values.
//!
//! The keys of the outer dictionary are the bridge's own. Values keep their own keys, but one that begins with `@` gets
//! another `@` before it: `@` alone marks what XPC has no type for (a texture, a buffer, text with a NUL in it).

use std::ffi::{CStr, CString};

use super::handle::HandleRef;
use super::object::Object;
use crate::codec::{tag, RawHandle, Reader};
use crate::error::{BridgeError, Result};
use crate::memory::{Layout, Release};
use crate::wire::{Ack, Header, Kind};

pub mod key {
    use std::ffi::CStr;
    pub const MESSAGE_TYPE: &CStr = c"msg_type";
    pub const PORT: &CStr = c"port";
    pub const PORT_NAME: &CStr = c"port_name";
    pub const FRAME_ID: &CStr = c"frame_id";
    pub const ACKS: &CStr = c"acks";
    pub const RELEASES: &CStr = c"releases";
    /// Of a control message: its values. Of a frame: its fields. Of housekeeping: ids of segments to forget.
    pub const BODY: &CStr = c"body";
    /// Messages that the sender of this one has taken out of its inbox since it last said so.
    pub const CREDIT: &CStr = c"credit";
    pub const VERSION: &CStr = c"version";

    pub const MARK: &CStr = c"@";
    pub const DATA: &CStr = c"data";
    pub const RETURNED: &CStr = c"returned";
    pub const SEGMENT: &CStr = c"segment";
    pub const SLOT: &CStr = c"slot";
    pub const GENERATION: &CStr = c"generation";
    /// The surface or the shared memory, the first time that it crosses.
    pub const MEMORY: &CStr = c"memory";
    pub const WIDTH: &CStr = c"width";
    pub const HEIGHT: &CStr = c"height";
    pub const STRIDE: &CStr = c"stride";
    pub const FORMAT: &CStr = c"format";
    /// Four bytes; absent where nothing is specified.
    pub const COLOUR: &CStr = c"colour";
    pub const LENGTH: &CStr = c"length";
}

pub mod text {
    use std::ffi::CStr;
    pub const CONTROL: &CStr = c"control";
    pub const FRAME: &CStr = c"frame";
    pub const HOUSEKEEPING: &CStr = c"housekeeping";
    pub const CREDIT: &CStr = c"credit";
    pub const HELLO: &CStr = c"hello";
    pub const WELCOME: &CStr = c"welcome";

    pub const TEXTURE: &CStr = c"texture";
    pub const BUFFER: &CStr = c"buffer";
    pub const TEXT: &CStr = c"text";
}

/// `bytes` are what this process has just written, so that nothing here is hostile; it is checked all the same.
pub fn message(bytes: &[u8], handles: &[HandleRef<'_>], port_names: &[CString]) -> Result<Object> {
    let mut reader = Reader::new(bytes);
    let header = Header::read(&mut reader, handles.len())?;
    let message = Object::dictionary();
    let kind = match header.kind {
        Kind::Control => text::CONTROL,
        Kind::Frame => text::FRAME,
        Kind::Housekeeping => text::HOUSEKEEPING,
    };
    message.set(key::MESSAGE_TYPE, &Object::string(kind));
    if header.ack_count > 0 {
        let list = Object::array();
        for _ in 0..header.ack_count {
            let ack = Ack::read(&mut reader)?;
            list.push(&Object::uint(u64::from(ack.port)));
            list.push(&Object::uint(ack.frame_id));
        }
        message.set(key::ACKS, &list);
    }
    if header.release_count > 0 {
        let list = Object::array();
        for _ in 0..header.release_count {
            let release = Release::read(&mut reader)?;
            for number in [release.segment, u64::from(release.slot), u64::from(release.count), release.generation] {
                list.push(&Object::uint(number));
            }
        }
        message.set(key::RELEASES, &list);
    }
    let body = match header.kind {
        Kind::Housekeeping => {
            let list = Object::array();
            while reader.remaining() > 0 {
                list.push(&Object::uint(reader.u64()?));
            }
            list
        }
        Kind::Control | Kind::Frame => value(&mut reader, handles)?,
    };
    if header.kind == Kind::Frame {
        message.set(key::PORT, &Object::uint(u64::from(header.port)));
        message.set(key::FRAME_ID, &Object::uint(header.frame_id));
        // For people and tools that look on; the number decides.
        if let Some(name) = port_names.get(usize::from(header.port)) {
            message.set(key::PORT_NAME, &Object::string(name));
        }
    }
    message.set(key::BODY, &body);
    reader.finish()?;
    Ok(message)
}

fn value(reader: &mut Reader<'_>, handles: &[HandleRef<'_>]) -> Result<Object> {
    Ok(match reader.u8()? {
        tag::NULL => Object::null(),
        tag::BOOL => Object::boolean(reader.u8()? != 0),
        tag::INT64 => Object::int(reader.u64()? as i64),
        tag::UINT64 => Object::uint(reader.u64()?),
        tag::DOUBLE => Object::double(f64::from_bits(reader.u64()?)),
        tag::STRING => {
            let length = reader.u32()? as usize;
            string(reader.take(length)?)
        }
        tag::DATA => {
            let length = reader.u32()? as usize;
            Object::data(reader.take(length)?)
        }
        tag::ARRAY => {
            let list = Object::array();
            for _ in 0..reader.u32()? {
                list.push(&value(reader, handles)?);
            }
            list
        }
        tag::DICTIONARY => {
            let dictionary = Object::dictionary();
            for _ in 0..reader.u16()? {
                let length = usize::from(reader.u8()?);
                let name = escaped(reader.take(length)?)?;
                dictionary.set(&name, &value(reader, handles)?);
            }
            dictionary
        }
        tag::TEXTURE => frame(&RawHandle::read(reader, true)?, handles)?,
        tag::BUFFER => frame(&RawHandle::read(reader, false)?, handles)?,
        tag::ENDPOINT => handle(handles, reader.u8()?)?.clone(),
        other => return Err(BridgeError::malformed(format!("unknown tag {other}"))),
    })
}

fn handle<'a>(handles: &[HandleRef<'a>], index: u8) -> Result<HandleRef<'a>> {
    handles
        .get(usize::from(index))
        .copied()
        .ok_or_else(|| BridgeError::malformed(format!("there is no handle {index}")))
}

/// An XPC string ends at its first NUL.
fn string(bytes: &[u8]) -> Object {
    match CString::new(bytes) {
        Ok(whole) => Object::string(&whole),
        Err(_) => {
            let marked = marked(text::TEXT);
            marked.set(key::DATA, &Object::data(bytes));
            marked
        }
    }
}

fn escaped(name: &[u8]) -> Result<CString> {
    let mut bytes = Vec::with_capacity(name.len() + 2);
    if name.first() == Some(&b'@') {
        bytes.push(b'@');
    }
    bytes.extend_from_slice(name);
    CString::new(bytes)
        .map_err(|_| BridgeError::value(format!("is a key with a NUL character: {:?}", String::from_utf8_lossy(name))))
}

fn marked(what: &CStr) -> Object {
    let dictionary = Object::dictionary();
    dictionary.set(key::MARK, &Object::string(what));
    dictionary
}

fn frame(raw: &RawHandle, handles: &[HandleRef<'_>]) -> Result<Object> {
    let dictionary = marked(if matches!(raw.layout, Layout::Texture(_)) { text::TEXTURE } else { text::BUFFER });
    dictionary.set(key::RETURNED, &Object::boolean(raw.returned));
    dictionary.set(key::SEGMENT, &Object::uint(raw.segment));
    dictionary.set(key::SLOT, &Object::uint(u64::from(raw.slot)));
    dictionary.set(key::GENERATION, &Object::uint(raw.generation));
    if let Some(index) = raw.fd {
        dictionary.set(key::MEMORY, handle(handles, index)?);
    }
    match raw.layout {
        Layout::Texture(layout) => {
            let numbers = [
                (key::WIDTH, layout.width),
                (key::HEIGHT, layout.height),
                (key::STRIDE, layout.stride),
                (key::FORMAT, layout.format as u32),
            ];
            for (name, number) in numbers {
                dictionary.set(name, &Object::uint(u64::from(number)));
            }
            if !layout.colour.is_unspecified() {
                dictionary.set(key::COLOUR, &Object::data(&layout.colour.to_bytes()));
            }
        }
        Layout::Buffer { byte_length } => dictionary.set(key::LENGTH, &Object::uint(byte_length as u64)),
    }
    Ok(dictionary)
}
