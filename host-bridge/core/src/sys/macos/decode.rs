//! An XPC dictionary from a peer, turned into the bytes that the rest of the core checks and reads.
//!
//! XPC vouches that objects are whole and of the type that they say; which types stand where, how many and how deep is the
//! peer's choice, so it is looked at here before anything is copied.

use std::cell::RefCell;
use std::ffi::{CStr, CString};

use super::encode::{key, text};
use super::ffi::xpc;
use super::handle::Handle;
use super::object::{Kind as Type, Object};
use crate::codec::{tag, WITH_COLOUR};
use crate::error::{BridgeError, Result};
use crate::memory::Release;
use crate::schema::{FieldType, Fields, Schema, MAX_DEPTH};
use crate::wire::{Ack, Header, Kind, HEADER, MAX_BODY, MAX_NOTES};

/// Most handles in one message.
pub const MAX_HANDLES: usize = 16;
/// Structs, arrays and optionals of a schema, and a little more than any of them needs.
const DEEPEST: usize = 2 * MAX_DEPTH + 4;

fn malformed<T>(what: impl Into<String>) -> Result<T> {
    Err(BridgeError::malformed(what))
}

/// Replaces what is in `out` and `handles`. `inputs` says in which order the fields of a frame stand; a dictionary has none.
pub fn message(
    message: &Object,
    out: &mut Vec<u8>,
    handles: &mut Vec<Handle>,
    inputs: Option<&[(String, Schema)]>,
) -> Result<()> {
    out.clear();
    out.resize(HEADER, 0);
    let kind = [(text::CONTROL, Kind::Control), (text::FRAME, Kind::Frame), (text::HOUSEKEEPING, Kind::Housekeeping)]
        .into_iter()
        .find(|(name, _)| message.is_text(key::MESSAGE_TYPE, name));
    let Some((_, kind)) = kind else { return malformed("a message of an unknown type") };
    let (mut port, mut frame_id) = (0, 0);
    if kind == Kind::Frame {
        port = small::<u16>(message, key::PORT)?;
        frame_id = number(message, key::FRAME_ID)?;
    }
    let mut header = Header::new(kind, port, frame_id);
    header.ack_count = groups::<2>(message, key::ACKS, |[port, frame_id]| {
        let port = u16::try_from(port).map_err(|_| BridgeError::malformed("an acknowledgement for no port"))?;
        Ack { port, frame_id }.write(out);
        Ok(())
    })?;
    header.release_count = groups::<4>(message, key::RELEASES, |[segment, slot, count, generation]| {
        match (u32::try_from(slot), u32::try_from(count)) {
            (Ok(slot), Ok(count)) => Release { segment, slot, count, generation }.write(out),
            _ => return malformed("a release of no slot"),
        }
        Ok(())
    })?;
    let at = out.len();
    let Some(body) = message.get(key::BODY) else { return malformed("a message without a body") };
    let mut walk = Walk { out, handles, limit: at + MAX_BODY };
    match kind {
        Kind::Housekeeping => {
            if body.kind() != Type::Array {
                return malformed("housekeeping whose body is no list");
            }
            for index in 0..body.count() {
                let id = body.item(index).and_then(|v| v.as_uint());
                let Some(id) = id else { return malformed("a segment's id that is no number") };
                walk.put(&id.to_le_bytes())?;
            }
        }
        Kind::Control => walk.value(&body, None, 0)?,
        Kind::Frame => match inputs.and_then(|list| list.get(usize::from(port))) {
            Some((name, schema)) => walk.fields(&body, schema.fields(), 0).map_err(|e| e.on_port(name))?,
            // Nobody knows this port; the core reads the frame all the same, so that its leases go back.
            None => walk.value(&body, None, 0)?,
        },
    }
    header.fd_count = handles.len() as u8;
    header.body_len = (out.len() - at) as u32;
    out[..HEADER].copy_from_slice(&header.to_bytes());
    Ok(())
}

fn number(dictionary: &Object, key: &CStr) -> Result<u64> {
    match dictionary.get_uint(key) {
        Some(number) => Ok(number),
        None => malformed(format!("a message without a number {key:?}")),
    }
}

fn small<T: TryFrom<u64>>(dictionary: &Object, key: &CStr) -> Result<T> {
    let number = number(dictionary, key)?;
    T::try_from(number).map_err(|_| BridgeError::malformed(format!("a number {key:?} of {number}")))
}

/// Reads a flat list of numbers, `N` at a time. How many groups there were.
fn groups<const N: usize>(message: &Object, key: &CStr, mut each: impl FnMut([u64; N]) -> Result<()>) -> Result<u16> {
    let Some(list) = message.get(key) else { return Ok(0) };
    let count = list.count();
    if list.kind() != Type::Array || !count.is_multiple_of(N) || count / N > MAX_NOTES {
        return malformed(format!("a list {key:?} of {count} entries"));
    }
    for group in 0..count / N {
        let mut numbers = [0; N];
        for (at, slot) in numbers.iter_mut().enumerate() {
            match list.item(group * N + at).and_then(|v| v.as_uint()) {
                Some(number) => *slot = number,
                None => return malformed(format!("a list {key:?} with something that is no number")),
            }
        }
        each(numbers)?;
    }
    Ok((count / N) as u16)
}

struct Walk<'a> {
    out: &'a mut Vec<u8>,
    handles: &'a mut Vec<Handle>,
    limit: usize,
}

impl Walk<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.out.len() + bytes.len() > self.limit {
            return malformed(format!("a body of more than {MAX_BODY} bytes"));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) -> Result<()> {
        self.put(&[tag])?;
        self.put(bytes)
    }

    fn sized(&mut self, tag: u8, bytes: &[u8]) -> Result<()> {
        self.tagged(tag, &(bytes.len() as u32).to_le_bytes())?;
        self.put(bytes)
    }

    fn handle(&mut self, handle: Object) -> Result<u8> {
        if self.handles.len() >= MAX_HANDLES {
            return malformed(format!("a message with more than {MAX_HANDLES} handles"));
        }
        self.handles.push(handle);
        Ok((self.handles.len() - 1) as u8)
    }

    /// `ty` only orders the entries of dictionaries; whether the types fit is for the core to say.
    fn value(&mut self, value: &Object, ty: Option<&FieldType>, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return malformed("values nested too deeply");
        }
        let ty = match ty {
            Some(FieldType::Optional(inner)) => Some(&**inner),
            other => other,
        };
        match value.kind() {
            Type::Null => self.put(&[tag::NULL]),
            // SAFETY: held, and of the right type.
            Type::Bool => self.tagged(tag::BOOL, &[u8::from(unsafe { xpc::xpc_bool_get_value(value.raw()) })]),
            // SAFETY: held, and of the right type.
            Type::Int64 => self.tagged(tag::INT64, &unsafe { xpc::xpc_int64_get_value(value.raw()) }.to_le_bytes()),
            // SAFETY: held, and of the right type.
            Type::UInt64 => self.tagged(tag::UINT64, &unsafe { xpc::xpc_uint64_get_value(value.raw()) }.to_le_bytes()),
            Type::Double => {
                // SAFETY: held, and of the right type.
                let bits = unsafe { xpc::xpc_double_get_value(value.raw()) }.to_bits();
                self.tagged(tag::DOUBLE, &bits.to_le_bytes())
            }
            Type::String => self.sized(tag::STRING, value.bytes().unwrap_or_default()),
            Type::Data => self.sized(tag::DATA, value.bytes().unwrap_or_default()),
            Type::Endpoint => {
                let index = self.handle(value.clone())?;
                self.tagged(tag::ENDPOINT, &[index])
            }
            Type::Array => {
                let item = if let Some(FieldType::Array(item)) = ty { Some(&**item) } else { None };
                let count = value.count();
                if count > self.limit {
                    return malformed("an array that is too long");
                }
                self.tagged(tag::ARRAY, &(count as u32).to_le_bytes())?;
                for index in 0..count {
                    let Some(member) = value.item(index) else { return malformed("an array with a hole") };
                    self.value(&member, item, depth + 1)?;
                }
                Ok(())
            }
            Type::Dictionary => match (value.get(key::MARK), ty) {
                (Some(mark), _) => self.marked(value, &mark),
                (None, Some(FieldType::Struct(fields))) => self.fields(value, fields, depth),
                (None, _) => self.entries(value, depth),
            },
            other => malformed(format!("an object of kind {other:?} among the values")),
        }
    }

    /// Entries in the order of a schema.
    fn fields(&mut self, value: &Object, fields: &Fields, depth: usize) -> Result<()> {
        if value.kind() != Type::Dictionary {
            return malformed("fields that are no dictionary");
        }
        let count = value.count();
        if count != fields.0.len() {
            return malformed(format!("{count} fields where the schema has {}", fields.0.len()));
        }
        self.tagged(tag::DICTIONARY, &(count as u16).to_le_bytes())?;
        for field in &fields.0 {
            let name = field.key.name.as_bytes();
            let place = |e: BridgeError| e.inside(&field.key.name);
            // Names of fields have neither NUL nor `@` in them: the schema was checked.
            let key = CString::new(name).map_err(|_| BridgeError::malformed("a field's name with a NUL"))?;
            let Some(item) = value.get(&key) else { return malformed("is missing").map_err(place) };
            self.put(&[name.len() as u8])?;
            self.put(name)?;
            self.value(&item, Some(&field.ty), depth + 1).map_err(place)?;
        }
        Ok(())
    }

    fn entries(&mut self, value: &Object, depth: usize) -> Result<()> {
        let count = value.count();
        let Ok(short) = u16::try_from(count) else { return malformed(format!("a dictionary of {count} entries")) };
        self.tagged(tag::DICTIONARY, &short.to_le_bytes())?;
        // The applier is a function that may be called again; what it changes is borrowed for each call.
        let state = RefCell::new((self, Ok(()), 0));
        value.entries(|name, item| {
            let (walk, result, seen) = &mut *state.borrow_mut();
            *seen += 1;
            *result = walk.entry(name, item, depth);
            result.is_ok()
        });
        let (_, result, seen) = state.into_inner();
        result?;
        if seen != count {
            return malformed("a dictionary that changes its length");
        }
        Ok(())
    }

    fn entry(&mut self, name: &CStr, item: &Object, depth: usize) -> Result<()> {
        let bytes = name.to_bytes();
        let bytes = bytes.strip_prefix(b"@").unwrap_or(bytes);
        let Ok(length) = u8::try_from(bytes.len()) else { return malformed("a key of more than 255 bytes") };
        self.put(&[length])?;
        self.put(bytes)?;
        self.value(item, None, depth + 1)
    }

    fn marked(&mut self, value: &Object, mark: &Object) -> Result<()> {
        let is = |wanted: &CStr| mark.kind() == Type::String && mark.bytes() == Some(wanted.to_bytes());
        if is(text::TEXT) {
            let data = value.get(key::DATA).filter(|d| d.kind() == Type::Data);
            let Some(data) = data else { return malformed("text without its data") };
            return self.sized(tag::STRING, data.bytes().unwrap_or_default());
        }
        let texture = is(text::TEXTURE);
        if !texture && !is(text::BUFFER) {
            return malformed("a marked value of an unknown kind");
        }
        let returned = value.get(key::RETURNED).filter(|v| v.kind() == Type::Bool);
        let Some(returned) = returned else { return malformed("a handle of no origin") };
        // SAFETY: of the right type.
        let returned = unsafe { xpc::xpc_bool_get_value(returned.raw()) };
        let index = match value.get(key::MEMORY) {
            Some(memory) => self.handle(memory)?,
            None => crate::codec::NO_HANDLE,
        };
        self.tagged(if texture { tag::TEXTURE } else { tag::BUFFER }, &[u8::from(returned), index])?;
        self.put(&small::<u32>(value, key::SLOT)?.to_le_bytes())?;
        self.put(&number(value, key::SEGMENT)?.to_le_bytes())?;
        self.put(&number(value, key::GENERATION)?.to_le_bytes())?;
        if !texture {
            return self.put(&number(value, key::LENGTH)?.to_le_bytes());
        }
        for name in [key::WIDTH, key::HEIGHT, key::STRIDE] {
            self.put(&small::<u32>(value, name)?.to_le_bytes())?;
        }
        let format = small::<u8>(value, key::FORMAT)?;
        if format & WITH_COLOUR != 0 {
            return malformed(format!("unknown pixel format {format}"));
        }
        match value.get(key::COLOUR) {
            None => self.put(&[format]),
            Some(colour) => match colour.bytes().filter(|bytes| colour.kind() == Type::Data && bytes.len() == 4) {
                Some(bytes) => self.tagged(format | WITH_COLOUR, bytes),
                None => malformed("colours that are not four bytes"),
            },
        }
    }
}
