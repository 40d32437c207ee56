//! Formats and colours as one number.

use streamlib_bridge::memory::{Colour, PixelFormat};

use crate::js::{Failure, Result};

/// One number for both, so that a frame costs no argument more: the format's index in the low 8 bits, then 16 bits of colour.
pub fn code(format: PixelFormat, colour: Colour) -> u32 {
    (format as u32 - 1) | u32::from(colour.to_bits()) << 8
}

pub fn from_code(code: u32) -> Result<(PixelFormat, Colour)> {
    let format = PixelFormat::ALL.get((code & 0xFF) as usize).copied();
    let format = format.ok_or_else(|| Failure::new("value", "Unknown pixel format"))?;
    let colour = u16::try_from(code >> 8).ok().and_then(|bits| Colour::from_bits(bits).ok());
    Ok((format, colour.ok_or_else(|| Failure::new("value", "Unknown colour"))?))
}
