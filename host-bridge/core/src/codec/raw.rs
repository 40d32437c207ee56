//! Bytes and handles below the walk.

use crate::error::{BridgeError, Code, Result};
use crate::memory::{Frame, Layout, PixelFormat, TextureLayout};
use crate::sys::endpoint::Endpoint;

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

/// Turns frames into handles of one connection.
pub trait HandleWriter {
    fn frame(&mut self, frame: &Frame) -> Result<RawHandle>;
}

/// Turns handles of one connection into frames.
pub trait HandleReader {
    fn frame(&mut self, raw: RawHandle) -> Result<Frame>;
    fn endpoint(&mut self, fd: u8) -> Result<Endpoint>;
}

/// For values that are kept or shown rather than sent: they can hold no handles.
pub struct NoHandles;

impl HandleWriter for NoHandles {
    fn frame(&mut self, _: &Frame) -> Result<RawHandle> {
        Err(BridgeError::value("a texture or buffer can only be sent over a connection"))
    }
}

impl HandleReader for NoHandles {
    fn frame(&mut self, _: RawHandle) -> Result<Frame> {
        Err(BridgeError::malformed("a handle outside of a connection"))
    }
    fn endpoint(&mut self, _: u8) -> Result<Endpoint> {
        Err(BridgeError::malformed("an endpoint outside of a connection"))
    }
}

/// A cursor over bytes that nobody vouches for.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Leaves the rest unread.
    pub fn skip(&mut self) {
        self.rest = &[];
    }

    /// The next byte, left where it is.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.rest.len() {
            return Err(BridgeError::malformed(format!(
                "a message that claims {n} more bytes and has {}",
                self.rest.len()
            )));
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn text(&mut self, n: usize) -> Result<&'a str> {
        std::str::from_utf8(self.take(n)?).map_err(|_| BridgeError::malformed("text that is not UTF-8"))
    }

    pub fn finish(&self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            n => Err(BridgeError::new(Code::Malformed, format!("{n} bytes after the end of a message"))),
        }
    }
}
