//! Bytes to values. The bytes come from a peer that is not trusted.

use super::handles::HandleReader;
use super::raw::RawHandle;
use super::reader::Reader;
use super::tag;
use super::traits::{Key, Sink};
use crate::error::{BridgeError, Result};
use crate::schema::{FieldType, Fields, Schema, MAX_DEPTH};

/// Reads a frame of `schema`. Handles that were turned into frames before an error are dropped with the error.
pub fn decode_frame<S: Sink>(
    schema: &Schema,
    reader: &mut Reader<'_>,
    sink: &mut S,
    handles: &mut impl HandleReader,
) -> Result<S::Value> {
    expect(reader, tag::DICTIONARY, "a dictionary")?;
    dictionary(schema.fields(), reader, sink, handles)
}

fn expect(reader: &mut Reader<'_>, wanted: u8, what: &str) -> Result<()> {
    match reader.u8()? {
        tag if tag == wanted => Ok(()),
        tag => Err(BridgeError::malformed(format!("{what} was to come, and a value of tag {tag} came"))),
    }
}

fn dictionary<S: Sink>(
    fields: &Fields,
    reader: &mut Reader<'_>,
    sink: &mut S,
    handles: &mut impl HandleReader,
) -> Result<S::Value> {
    let count = usize::from(reader.u16()?);
    if count != fields.0.len() {
        return Err(BridgeError::malformed(format!("{count} fields where the schema has {}", fields.0.len())));
    }
    let mut target = sink.dictionary(Some(fields))?;
    for field in &fields.0 {
        let length = usize::from(reader.u8()?);
        let name = reader.take(length)?;
        if name != field.key.name.as_bytes() {
            let name = String::from_utf8_lossy(name);
            return Err(BridgeError::malformed(format!("field {name:?} where the schema has {:?}", field.key.name)));
        }
        let value = typed(&field.ty, reader, sink, handles).map_err(|e| e.inside(&field.key.name))?;
        sink.dictionary_set(&mut target, Key::Field(&field.key), value)?;
    }
    sink.dictionary_end(target)
}

fn typed<S: Sink>(
    ty: &FieldType,
    reader: &mut Reader<'_>,
    sink: &mut S,
    handles: &mut impl HandleReader,
) -> Result<S::Value> {
    let out_of_range = || BridgeError::malformed(format!("a number out of the range of {}", ty.name()));
    match ty {
        FieldType::Int32 => {
            expect(reader, tag::INT64, ty.name())?;
            let n = i32::try_from(reader.u64()? as i64).map_err(|_| out_of_range())?;
            sink.int32(n)
        }
        FieldType::Int64 => {
            expect(reader, tag::INT64, ty.name())?;
            sink.int64(reader.u64()? as i64)
        }
        FieldType::UInt32 => {
            expect(reader, tag::UINT64, ty.name())?;
            let n = u32::try_from(reader.u64()?).map_err(|_| out_of_range())?;
            sink.uint32(n)
        }
        FieldType::UInt64 => {
            expect(reader, tag::UINT64, ty.name())?;
            sink.uint64(reader.u64()?)
        }
        FieldType::Float32 | FieldType::Float64 => {
            expect(reader, tag::DOUBLE, ty.name())?;
            let n = f64::from_bits(reader.u64()?);
            // What could not be sent on is not taken in either; infinities and NaN can.
            if matches!(ty, FieldType::Float32) && n.is_finite() && n.abs() > f64::from(f32::MAX) {
                return Err(out_of_range());
            }
            sink.float(n)
        }
        FieldType::Bool => {
            expect(reader, tag::BOOL, ty.name())?;
            sink.boolean(flag(reader)?)
        }
        FieldType::String => {
            expect(reader, tag::STRING, ty.name())?;
            let length = reader.u32()? as usize;
            sink.text(reader.text(length)?)
        }
        FieldType::Enum(variants) => {
            expect(reader, tag::STRING, ty.name())?;
            let length = reader.u32()? as usize;
            let name = reader.text(length)?;
            if !variants.iter().any(|v| **v == *name) {
                return Err(BridgeError::malformed(format!("unknown variant {name:?}")));
            }
            sink.text(name)
        }
        FieldType::Bytes => {
            expect(reader, tag::DATA, ty.name())?;
            let length = reader.u32()? as usize;
            sink.bytes(reader.take(length)?)
        }
        FieldType::Texture => {
            expect(reader, tag::TEXTURE, ty.name())?;
            let frame = handles.frame(RawHandle::read(reader, true)?)?;
            sink.texture(frame)
        }
        FieldType::Buffer => {
            expect(reader, tag::BUFFER, ty.name())?;
            let frame = handles.frame(RawHandle::read(reader, false)?)?;
            sink.buffer(frame)
        }
        FieldType::Struct(fields) => {
            expect(reader, tag::DICTIONARY, ty.name())?;
            dictionary(fields, reader, sink, handles)
        }
        FieldType::Array(item) => {
            expect(reader, tag::ARRAY, ty.name())?;
            let length = count(reader)?;
            let mut target = sink.array(length)?;
            for index in 0..length {
                let value = typed(item, reader, sink, handles).map_err(|e| e.inside(&format!("[{index}]")))?;
                sink.array_push(&mut target, index, value)?;
            }
            sink.array_end(target)
        }
        FieldType::Optional(inner) => {
            // One byte ahead, without taking it: the inner value reads its own tag.
            if reader.peek() == Some(tag::NULL) {
                reader.u8()?;
                return sink.null();
            }
            typed(inner, reader, sink, handles)
        }
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(BridgeError::malformed(format!("a Bool of {other}"))),
    }
}

/// An array's length. Each item takes a byte at least, so that a lying length cannot make anyone allocate.
fn count(reader: &mut Reader<'_>) -> Result<usize> {
    let length = reader.u32()? as usize;
    if length > reader.remaining() {
        return Err(BridgeError::malformed(format!("an array of {length} items in {} bytes", reader.remaining())));
    }
    Ok(length)
}

/// Reads a value without a schema: control messages, and frames for ports that nobody knows.
pub fn decode_any<S: Sink>(reader: &mut Reader<'_>, sink: &mut S, handles: &mut impl HandleReader) -> Result<S::Value> {
    any(reader, sink, handles, 0)
}

fn any<S: Sink>(
    reader: &mut Reader<'_>,
    sink: &mut S,
    handles: &mut impl HandleReader,
    depth: usize,
) -> Result<S::Value> {
    if depth > MAX_DEPTH {
        return Err(BridgeError::malformed(format!("values nested deeper than {MAX_DEPTH}")));
    }
    match reader.u8()? {
        tag::NULL => sink.null(),
        tag::BOOL => sink.boolean(flag(reader)?),
        tag::INT64 => sink.int64(reader.u64()? as i64),
        tag::UINT64 => sink.uint64(reader.u64()?),
        tag::DOUBLE => sink.float(f64::from_bits(reader.u64()?)),
        tag::STRING => {
            let length = reader.u32()? as usize;
            sink.text(reader.text(length)?)
        }
        tag::DATA => {
            let length = reader.u32()? as usize;
            sink.bytes(reader.take(length)?)
        }
        tag::TEXTURE => {
            let frame = handles.frame(RawHandle::read(reader, true)?)?;
            sink.texture(frame)
        }
        tag::BUFFER => {
            let frame = handles.frame(RawHandle::read(reader, false)?)?;
            sink.buffer(frame)
        }
        tag::ENDPOINT => {
            let endpoint = handles.endpoint(reader.u8()?)?;
            sink.endpoint(endpoint)
        }
        tag::ARRAY => {
            let length = count(reader)?;
            let mut target = sink.array(length)?;
            for index in 0..length {
                let value = any(reader, sink, handles, depth + 1)?;
                sink.array_push(&mut target, index, value)?;
            }
            sink.array_end(target)
        }
        tag::DICTIONARY => {
            let length = usize::from(reader.u16()?);
            let mut target = sink.dictionary(None)?;
            for _ in 0..length {
                let bytes = usize::from(reader.u8()?);
                let name = reader.text(bytes)?;
                let value = any(reader, sink, handles, depth + 1)?;
                sink.dictionary_set(&mut target, Key::Name(name), value)?;
            }
            sink.dictionary_end(target)
        }
        other => Err(BridgeError::malformed(format!("unknown tag {other}"))),
    }
}
