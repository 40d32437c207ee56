//! Handles as they stand on the wire.

use super::reader::Reader;
use crate::error::{BridgeError, Result};
use crate::memory::{Layout, PixelFormat, TextureLayout};

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
/// Bytes of a texture and of a buffer on the wire.
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
                out.push(t.format as u8);
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
            let format = PixelFormat::from_wire(reader.u8()?)?;
            let layout = TextureLayout { width, height, stride, format }.checked();
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
