//! Values to bytes, checked against the schema on the side that sends.

use super::handles::HandleWriter;
use super::tag;
use super::traits::Source;
use crate::error::{BridgeError, Result};
use crate::schema::{FieldType, Fields, Schema, MAX_DEPTH};

/// Writes a frame's fields. On an error `out` holds half a frame: the caller truncates it.
pub fn encode_frame<S: Source>(
    schema: &Schema,
    value: &S,
    out: &mut Vec<u8>,
    handles: &mut impl HandleWriter,
) -> Result<()> {
    dictionary(schema.fields(), value, out, handles)
}

fn dictionary<S: Source>(fields: &Fields, value: &S, out: &mut Vec<u8>, handles: &mut impl HandleWriter) -> Result<()> {
    if !value.is_dictionary()? {
        return Err(mismatch("a dictionary of fields", value));
    }
    out.push(tag::DICTIONARY);
    out.extend_from_slice(&(fields.0.len() as u16).to_le_bytes());
    let mut found = 0;
    for field in &fields.0 {
        let name = &*field.key.name;
        key(name, out);
        match value.field(&field.key).map_err(|e| e.inside(name))? {
            Some(item) => {
                found += 1;
                typed(&field.ty, &item, out, handles).map_err(|e| e.inside(name))?;
            }
            None if matches!(field.ty, FieldType::Optional(_)) => out.push(tag::NULL),
            None => return Err(BridgeError::value(format!("is missing; it must be {}", field.ty.name())).inside(name)),
        }
    }
    match value.unknown_field(fields, found)? {
        None => Ok(()),
        Some(name) => {
            let known: Vec<_> = fields.0.iter().map(|f| &*f.key.name).collect();
            Err(BridgeError::value(format!("is not in the schema, which has {}", known.join(", "))).inside(&name))
        }
    }
}

fn key(name: &str, out: &mut Vec<u8>) {
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
}

fn mismatch<S: Source>(expected: &str, value: &S) -> BridgeError {
    BridgeError::value(format!("must be {expected}, not {}", value.describe()))
}

fn typed<S: Source>(ty: &FieldType, value: &S, out: &mut Vec<u8>, handles: &mut impl HandleWriter) -> Result<()> {
    match ty {
        FieldType::Int32 => signed(value, i128::from(i32::MIN), i128::from(i32::MAX), ty, out),
        FieldType::Int64 => signed(value, i128::from(i64::MIN), i128::from(i64::MAX), ty, out),
        FieldType::UInt32 => unsigned(value, i128::from(u32::MAX), ty, out),
        FieldType::UInt64 => unsigned(value, i128::from(u64::MAX), ty, out),
        FieldType::Float32 | FieldType::Float64 => float(ty, value, out),
        FieldType::Bool => {
            let value = value.boolean()?.ok_or_else(|| mismatch("a Bool", value))?;
            out.extend_from_slice(&[tag::BOOL, u8::from(value)]);
            Ok(())
        }
        FieldType::String => text(value, out),
        FieldType::Bytes => bytes(value, out),
        FieldType::Texture => {
            let frame = value.texture()?.ok_or_else(|| mismatch("a Texture", value))?;
            out.push(tag::TEXTURE);
            handles.frame(&frame)?.write(out);
            Ok(())
        }
        FieldType::Buffer => {
            let frame = value.buffer()?.ok_or_else(|| mismatch("a Buffer", value))?;
            out.push(tag::BUFFER);
            handles.frame(&frame)?.write(out);
            Ok(())
        }
        FieldType::Array(item) => array(item, value, out, handles),
        FieldType::Struct(fields) => dictionary(fields, value, out, handles),
        FieldType::Optional(inner) => {
            if value.is_null()? {
                out.push(tag::NULL);
                return Ok(());
            }
            typed(inner, value, out, handles)
        }
        FieldType::Enum(variants) => {
            let known = value.text(|name| variants.iter().any(|v| **v == *name))?;
            if known == Some(true) {
                return text(value, out);
            }
            Err(mismatch(&format!("one of {}", variants.join(", ")), value))
        }
    }
}

fn array<S: Source>(item: &FieldType, value: &S, out: &mut Vec<u8>, handles: &mut impl HandleWriter) -> Result<()> {
    let length = value.length()?.ok_or_else(|| mismatch("an Array", value))?;
    let count = u32::try_from(length).map_err(|_| BridgeError::value("is too long"))?;
    out.push(tag::ARRAY);
    out.extend_from_slice(&count.to_le_bytes());
    for index in 0..length {
        let place = |e: BridgeError| e.inside(&format!("[{index}]"));
        typed(item, &value.item(index).map_err(place)?, out, handles).map_err(place)?;
    }
    Ok(())
}

fn out_of_range(ty: &FieldType, value: impl std::fmt::Display, min: i128, max: i128) -> BridgeError {
    BridgeError::value(format!("is {value}, out of the range of {} ({min} to {max})", ty.name()))
}

fn signed<S: Source>(value: &S, min: i128, max: i128, ty: &FieldType, out: &mut Vec<u8>) -> Result<()> {
    let n = value.integer()?.ok_or_else(|| mismatch(&format!("an {}", ty.name()), value))?;
    if n < min || n > max {
        return Err(out_of_range(ty, n, min, max));
    }
    out.push(tag::INT64);
    out.extend_from_slice(&(n as i64).to_le_bytes());
    Ok(())
}

fn unsigned<S: Source>(value: &S, max: i128, ty: &FieldType, out: &mut Vec<u8>) -> Result<()> {
    let n = value.integer()?.ok_or_else(|| mismatch(&format!("a {}", ty.name()), value))?;
    if n < 0 || n > max {
        return Err(out_of_range(ty, n, 0, max));
    }
    out.push(tag::UINT64);
    out.extend_from_slice(&(n as u64).to_le_bytes());
    Ok(())
}

fn float<S: Source>(ty: &FieldType, value: &S, out: &mut Vec<u8>) -> Result<()> {
    let n = value.float()?.ok_or_else(|| mismatch(&format!("a {}", ty.name()), value))?;
    // Infinities and NaN pass; a finite number that Float32 would turn into infinity does not.
    if matches!(ty, FieldType::Float32) && n.is_finite() && n.abs() > f64::from(f32::MAX) {
        return Err(BridgeError::value(format!("is {n}, out of the range of Float32")));
    }
    let n = if matches!(ty, FieldType::Float32) { f64::from(n as f32) } else { n };
    out.push(tag::DOUBLE);
    out.extend_from_slice(&n.to_le_bytes());
    Ok(())
}

fn sized(what: u8, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let length = u32::try_from(content.len()).map_err(|_| BridgeError::value("is too long"))?;
    out.push(what);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(content);
    Ok(())
}

fn text<S: Source>(value: &S, out: &mut Vec<u8>) -> Result<()> {
    value.text(|s| sized(tag::STRING, s.as_bytes(), out))?.unwrap_or_else(|| Err(mismatch("a String", value)))
}

fn bytes<S: Source>(value: &S, out: &mut Vec<u8>) -> Result<()> {
    value.bytes(|b| sized(tag::DATA, b, out))?.unwrap_or_else(|| Err(mismatch("Bytes", value)))
}

/// Writes a value without a schema: control messages. They hold no textures and no buffers.
pub fn encode_any<S: Source>(value: &S, out: &mut Vec<u8>) -> Result<()> {
    any(value, out, 0)
}

fn any<S: Source>(value: &S, out: &mut Vec<u8>, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(BridgeError::value(format!("is nested deeper than {MAX_DEPTH}")));
    }
    if value.is_null()? {
        out.push(tag::NULL);
        return Ok(());
    }
    if let Some(flag) = value.boolean()? {
        out.extend_from_slice(&[tag::BOOL, u8::from(flag)]);
        return Ok(());
    }
    if !value.prefers_float() {
        if let Some(n) = value.integer()? {
            return if n < 0 || n <= i128::from(i64::MAX) {
                signed(value, i128::from(i64::MIN), i128::from(i64::MAX), &FieldType::Int64, out)
            } else {
                unsigned(value, i128::from(u64::MAX), &FieldType::UInt64, out)
            };
        }
    }
    if value.float()?.is_some() {
        return float(&FieldType::Float64, value, out);
    }
    if let Some(done) = value.text(|s| sized(tag::STRING, s.as_bytes(), out))? {
        return done;
    }
    if let Some(done) = value.bytes(|b| sized(tag::DATA, b, out))? {
        return done;
    }
    if let Some(length) = value.length()? {
        out.push(tag::ARRAY);
        out.extend_from_slice(&(length as u32).to_le_bytes());
        for index in 0..length {
            let place = |e: BridgeError| e.inside(&format!("[{index}]"));
            any(&value.item(index).map_err(place)?, out, depth + 1).map_err(place)?;
        }
        return Ok(());
    }
    if !value.is_dictionary()? {
        return Err(mismatch("null, a Bool, a number, a String, Bytes, an Array or a dictionary", value));
    }
    out.push(tag::DICTIONARY);
    let count_at = out.len();
    out.extend_from_slice(&[0, 0]);
    let mut count: u16 = 0;
    value.entries(&mut |name, item| {
        if name.len() > usize::from(u8::MAX) {
            return Err(BridgeError::value("is a key of more than 255 bytes").inside(name));
        }
        count = count.checked_add(1).ok_or_else(|| BridgeError::value("has more than 65535 entries"))?;
        key(name, out);
        any(item, out, depth + 1).map_err(|e| e.inside(name))
    })?;
    out[count_at..count_at + 2].copy_from_slice(&count.to_le_bytes());
    Ok(())
}
