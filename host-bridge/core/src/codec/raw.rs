//! Handles as they stand on the wire.

use super::reader::Reader;
use crate::error::{BridgeError, Result};
use crate::memory::{Colour, Layout, PixelFormat, TextureLayout};

/// A handle as it stands on the wire. Copied out of the message, then checked, then used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawHandle {
    /// The memory is the receiver's own, on its way back.
    pub returned: bool,
    /// Which of the message's descriptors is the segment, if it crosses for the first time.
    pub fd: Option<u8>,
    pub segment: u64,
    pub slot: u32,
    pub generation: u64,
    pub layout: Layout,
}

/// Stands for no handle.
pub const NO_HANDLE: u8 = 0xFF;
/// Stands in the byte of a texture's format: its colours follow.
pub const WITH_COLOUR: u8 = 0x80;
/// Bytes of a texture without colours, and of a buffer, on the wire.
pub const RAW_TEXTURE: usize = 2 + 4 + 8 + 8 + 12 + 1;
pub const RAW_BUFFER: usize = 2 + 4 + 8 + 8 + 8;

impl RawHandle {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.returned));
        out.push(self.fd.unwrap_or(NO_HANDLE));
        out.extend_from_slice(&self.slot.to_le_bytes());
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        match self.layout {
            Layout::Texture(t) => {
                out.extend_from_slice(&t.width.to_le_bytes());
                out.extend_from_slice(&t.height.to_le_bytes());
                out.extend_from_slice(&t.stride.to_le_bytes());
                if t.colour.is_unspecified() {
                    out.push(t.format as u8);
                } else {
                    out.push(t.format as u8 | WITH_COLOUR);
                    out.extend_from_slice(&t.colour.to_bytes());
                }
            }
            Layout::Buffer { byte_length } => out.extend_from_slice(&(byte_length as u64).to_le_bytes()),
        }
    }

    pub fn read(reader: &mut Reader<'_>, texture: bool) -> Result<Self> {
        let returned = match reader.u8()? {
            0 => false,
            1 => true,
            other => return Err(BridgeError::malformed(format!("a handle of origin {other}"))),
        };
        let fd = Some(reader.u8()?).filter(|fd| *fd != NO_HANDLE);
        let (slot, segment, generation) = (reader.u32()?, reader.u64()?, reader.u64()?);
        let layout = if texture {
            let (width, height, stride) = (reader.u32()?, reader.u32()?, reader.u32()?);
            let byte = reader.u8()?;
            let format = PixelFormat::from_wire(byte & !WITH_COLOUR)?;
            let colour = if byte & WITH_COLOUR == 0 { Colour::UNSPECIFIED } else { colour(reader)? };
            let layout = TextureLayout { width, height, stride, format, colour }.checked();
            Layout::Texture(layout.map_err(|e| BridgeError::malformed(e.message))?)
        } else {
            let byte_length =
                usize::try_from(reader.u64()?).map_err(|_| BridgeError::malformed("a buffer too long"))?;
            Layout::Buffer { byte_length }
        };
        if returned && fd.is_some() {
            return Err(BridgeError::malformed("a returned handle that brings memory of its own"));
        }
        Ok(Self { returned, fd, segment, slot, generation, layout })
    }
}

/// Colours that say nothing are not sent, so each texture has one form.
fn colour(reader: &mut Reader<'_>) -> Result<Colour> {
    let colour = Colour::from_bytes(reader.array()?)?;
    if colour.is_unspecified() {
        return Err(BridgeError::malformed("colours that are announced and say nothing"));
    }
    Ok(colour)
}
