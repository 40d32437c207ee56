//! How bytes of a slot are to be read.

use super::planes::{self, PictureSize, Plane};
use super::{Colour, PixelFormat};
use crate::error::{BridgeError, Result};

/// A picture: `height` rows of `stride` bytes, each beginning with `width` pixels, and the further planes behind them.
/// Their strides follow from the first one's, so that four numbers say where every pixel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextureLayout {
    pub width: u32,
    pub height: u32,
    pub stride: u32,
    pub format: PixelFormat,
    pub colour: Colour,
}

impl TextureLayout {
    pub const MAX_SIDE: u32 = 32_768;
    /// A row of the widest picture with the largest pixels.
    pub const MAX_STRIDE: u32 = Self::MAX_SIDE * 16;

    /// Rows without padding, but for what the format asks for.
    pub fn packed(width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        let stride = planes::default_stride(format, width);
        Self { width, height, stride, format, colour: Colour::UNSPECIFIED }.checked()
    }

    pub fn with_colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
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
        let first = self.format.first();
        if self.stride < first.row_bytes(self.width) || self.stride > Self::MAX_STRIDE {
            return Err(BridgeError::value(format!(
                "a stride of {} bytes does not fit {} pixels",
                self.stride, self.width
            )));
        }
        if self.stride & (first.element.bytes() - 1) != 0 {
            return Err(BridgeError::value(format!(
                "a stride of {} bytes; rows of {} begin at a multiple of {}",
                self.stride,
                self.format.name(),
                first.element.bytes()
            )));
        }
        Ok(self)
    }

    /// Bytes of all planes.
    pub fn byte_length(&self) -> usize {
        planes::byte_length(self.format, self.stride, self.height)
    }

    fn size(&self) -> PictureSize {
        let Self { width, height, stride, format, .. } = *self;
        PictureSize { format, width, height, stride }
    }

    /// Where each plane lies. The layout must be a checked one.
    pub fn planes(&self) -> Vec<Plane> {
        planes::planes(self.size())
    }

    /// The plane of a picture that has but one; nothing is allocated for it.
    pub fn only_plane(&self) -> Option<Plane> {
        (self.format.description().planes.len() == 1).then(|| planes::plane_at(self.size(), 0, 0))
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
