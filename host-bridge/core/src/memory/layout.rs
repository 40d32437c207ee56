//! How bytes of a slot are to be read.

use crate::error::{BridgeError, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PixelFormat {
    Rgb8 = 1,
    Rgba8 = 2,
    Bgra8 = 3,
    Bgr8 = 4,
    Gray8 = 5,
}

impl PixelFormat {
    pub const ALL: [PixelFormat; 5] =
        [PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Bgra8, PixelFormat::Bgr8, PixelFormat::Gray8];

    pub const fn name(self) -> &'static str {
        match self {
            PixelFormat::Rgb8 => "rgb8",
            PixelFormat::Rgba8 => "rgba8",
            PixelFormat::Bgra8 => "bgra8",
            PixelFormat::Bgr8 => "bgr8",
            PixelFormat::Gray8 => "gray8",
        }
    }

    /// Bytes of one pixel, which are also its channels.
    pub const fn channels(self) -> u32 {
        match self {
            PixelFormat::Rgb8 | PixelFormat::Bgr8 => 3,
            PixelFormat::Rgba8 | PixelFormat::Bgra8 => 4,
            PixelFormat::Gray8 => 1,
        }
    }

    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|f| f.name()).collect();
            BridgeError::value(format!("{name:?} is no pixel format; known: {}", known.join(", ")))
        })
    }

    pub fn from_wire(byte: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|f| *f as u8 == byte)
            .ok_or_else(|| BridgeError::malformed(format!("unknown pixel format {byte}")))
    }
}

/// A picture: `height` rows of `stride` bytes, each beginning with `width` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextureLayout {
    pub width: u32,
    pub height: u32,
    pub stride: u32,
    pub format: PixelFormat,
}

impl TextureLayout {
    pub const MAX_SIDE: u32 = 32_768;

    /// Rows without padding.
    pub fn packed(width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        Self { width, height, stride: width.saturating_mul(format.channels()), format }.checked()
    }

    pub fn checked(self) -> Result<Self> {
        let side = 1..=Self::MAX_SIDE;
        if !side.contains(&self.width) || !side.contains(&self.height) {
            return Err(BridgeError::value(format!(
                "a texture of {}x{} pixels; each side must be 1 to {}",
                self.width,
                self.height,
                Self::MAX_SIDE
            )));
        }
        if self.stride < self.width * self.format.channels() || self.stride > Self::MAX_SIDE * 8 {
            return Err(BridgeError::value(format!(
                "a stride of {} bytes does not fit {} pixels",
                self.stride, self.width
            )));
        }
        Ok(self)
    }

    pub fn byte_length(&self) -> usize {
        self.stride as usize * self.height as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Texture(TextureLayout),
    Buffer { byte_length: usize },
}

impl Layout {
    pub fn byte_length(&self) -> usize {
        match self {
            Layout::Texture(t) => t.byte_length(),
            Layout::Buffer { byte_length } => *byte_length,
        }
    }
}
