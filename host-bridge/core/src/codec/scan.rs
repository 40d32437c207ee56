//! A value that is only gone over.

use super::raw::RawHandle;
use super::reader::Reader;
use super::tag;
use crate::error::{BridgeError, Result};
use crate::schema::MAX_DEPTH;

/// Hands each handle of a value to `each`, and makes nothing of the rest. What a schema or `decode_any` would refuse may pass.
pub fn scan_handles(reader: &mut Reader<'_>, each: &mut impl FnMut(RawHandle) -> Result<()>) -> Result<()> {
    value(reader, each, 0)
}

fn value(reader: &mut Reader<'_>, each: &mut impl FnMut(RawHandle) -> Result<()>, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(BridgeError::malformed(format!("values nested deeper than {MAX_DEPTH}")));
    }
    match reader.u8()? {
        tag::NULL => {}
        tag::BOOL | tag::ENDPOINT => {
            reader.u8()?;
        }
        tag::INT64 | tag::UINT64 | tag::DOUBLE => {
            reader.u64()?;
        }
        tag::STRING | tag::DATA => {
            let length = reader.u32()? as usize;
            reader.take(length)?;
        }
        tag::TEXTURE => each(RawHandle::read(reader, true)?)?,
        tag::BUFFER => each(RawHandle::read(reader, false)?)?,
        tag::ARRAY => {
            for _ in 0..reader.u32()? {
                value(reader, each, depth + 1)?;
            }
        }
        tag::DICTIONARY => {
            for _ in 0..reader.u16()? {
                let bytes = usize::from(reader.u8()?);
                reader.take(bytes)?;
                value(reader, each, depth + 1)?;
            }
        }
        other => return Err(BridgeError::malformed(format!("unknown tag {other}"))),
    }
    Ok(())
}
