//! The form of a message before its body: a fixed header, acknowledgements, releases. Pure: no I/O.

use crate::codec::Reader;
use crate::error::{BridgeError, Result};
use crate::memory::Release;

pub use crate::limits::MAX_BODY;

pub const MAGIC: u16 = 0x4C53;
pub const VERSION: u8 = 1;
pub const HEADER: usize = 24;
pub const ACK: usize = 16;
pub const RELEASE: usize = 24;
/// Acknowledgements and releases that one message carries at most.
pub const MAX_NOTES: usize = 256;

/// The body lies in the message's last descriptor.
const SPILLED: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Control = 1,
    Frame = 2,
    /// Acknowledgements, releases, and in the body the ids of segments that are no longer used.
    Housekeeping = 3,
}

/// The receiver has finished with all frames of a port up to `frame_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    pub port: u16,
    pub frame_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub port: u16,
    pub fd_count: u8,
    pub spilled: bool,
    pub frame_id: u64,
    pub body_len: u32,
    pub ack_count: u16,
    pub release_count: u16,
}

impl Header {
    pub fn new(kind: Kind, port: u16, frame_id: u64) -> Self {
        Self { kind, port, fd_count: 0, spilled: false, frame_id, body_len: 0, ack_count: 0, release_count: 0 }
    }

    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0..2].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[2] = VERSION;
        bytes[3] = self.kind as u8;
        bytes[4..6].copy_from_slice(&self.port.to_le_bytes());
        bytes[6] = self.fd_count;
        bytes[7] = if self.spilled { SPILLED } else { 0 };
        bytes[8..16].copy_from_slice(&self.frame_id.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.body_len.to_le_bytes());
        bytes[20..22].copy_from_slice(&self.ack_count.to_le_bytes());
        bytes[22..24].copy_from_slice(&self.release_count.to_le_bytes());
        bytes
    }

    /// Reads a header and checks it against what came with it.
    pub fn read(reader: &mut Reader<'_>, fds: usize) -> Result<Self> {
        let (magic, version) = (reader.u16()?, reader.u8()?);
        if magic != MAGIC || version != VERSION {
            return Err(BridgeError::malformed(format!(
                "a message of form {magic:#06x} version {version}; this side speaks {MAGIC:#06x} version {VERSION}"
            )));
        }
        let kind = match reader.u8()? {
            1 => Kind::Control,
            2 => Kind::Frame,
            3 => Kind::Housekeeping,
            other => return Err(BridgeError::malformed(format!("a message of type {other}"))),
        };
        let (port, fd_count, flags) = (reader.u16()?, reader.u8()?, reader.u8()?);
        let (frame_id, body_len) = (reader.u64()?, reader.u32()?);
        let (ack_count, release_count) = (reader.u16()?, reader.u16()?);
        if flags & !SPILLED != 0 {
            return Err(BridgeError::malformed(format!("a message with flags {flags:#04x}")));
        }
        if usize::from(fd_count) != fds {
            return Err(BridgeError::malformed(format!(
                "a message that claims {fd_count} descriptors and brought {fds}"
            )));
        }
        if body_len as usize > MAX_BODY || usize::from(ack_count).max(usize::from(release_count)) > MAX_NOTES {
            return Err(BridgeError::malformed(format!(
                "a message with a body of {body_len} bytes, {ack_count} acknowledgements and {release_count} releases"
            )));
        }
        Ok(Self { kind, port, fd_count, spilled: flags & SPILLED != 0, frame_id, body_len, ack_count, release_count })
    }
}

impl Ack {
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.port.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&self.frame_id.to_le_bytes());
    }

    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let port = reader.u16()?;
        reader.take(6)?;
        Ok(Self { port, frame_id: reader.u64()? })
    }
}

impl Release {
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.slot.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
    }

    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { segment: reader.u64()?, slot: reader.u32()?, count: reader.u32()?, generation: reader.u64()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_as_it_went() {
        let mut header = Header::new(Kind::Frame, 7, 1 << 40);
        header.fd_count = 3;
        header.spilled = true;
        header.body_len = 99;
        header.ack_count = 2;
        header.release_count = 5;
        let bytes = header.to_bytes();
        assert_eq!(Header::read(&mut Reader::new(&bytes), 3).unwrap(), header);
        for n in 0..HEADER {
            assert!(Header::read(&mut Reader::new(&bytes[..n]), 3).is_err(), "{n} bytes passed");
        }
    }

    #[test]
    fn lies_are_refused() {
        let good = Header::new(Kind::Control, 0, 0).to_bytes();
        assert!(Header::read(&mut Reader::new(&good), 0).is_ok());
        assert!(Header::read(&mut Reader::new(&good), 1).is_err(), "a descriptor that nobody announced");
        for (at, value) in [(0, 0), (2, 9), (3, 0), (3, 4), (6, 1), (7, 2), (19, 0xFF), (21, 0xFF), (23, 0xFF)] {
            let mut bytes = good;
            bytes[at] = value;
            assert!(Header::read(&mut Reader::new(&bytes), 0).is_err(), "byte {at} = {value} passed");
        }
    }
}
