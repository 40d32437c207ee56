//! Frames to handles of one connection, and back.

use super::raw::RawHandle;
use crate::error::{BridgeError, Result};
use crate::memory::Frame;
use crate::sys::endpoint::Endpoint;

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
