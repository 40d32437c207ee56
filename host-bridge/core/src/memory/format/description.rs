//! What a pixel format is made of: planes, the groups of pixels in them, and the numbers in a group.

/// A number in memory, little endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    U8,
    U16,
    F32,
}

impl Element {
    #[inline]
    pub const fn bytes(self) -> u32 {
        match self {
            Element::U8 => 1,
            Element::U16 => 2,
            Element::F32 => 4,
        }
    }

    /// As numpy and JavaScript's typed arrays call it.
    pub const fn name(self) -> &'static str {
        match self {
            Element::U8 => "uint8",
            Element::U16 => "uint16",
            Element::F32 => "float32",
        }
    }
}

/// What the components stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Gray,
    Rgb,
    /// Luma and two colour differences; which matrix makes them is said by the picture's colour.
    Yuv,
}

/// One plane: rows of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneFormat {
    /// Its components in their order in memory: `y`, `uv`, `rgb`, `uyvy`.
    pub name: &'static str,
    pub element: Element,
    /// How many pixels of the picture lie beside one another (2: every second column), and above one another.
    pub across: u32,
    pub down: u32,
    /// A group cannot be cut: so many positions of the plane in so many bytes.
    pub group_pixels: u32,
    pub group_bytes: u32,
}

impl PlaneFormat {
    const fn new(name: &'static str, element: Element, channels: u32) -> Self {
        Self { name, element, across: 1, down: 1, group_pixels: 1, group_bytes: channels * element.bytes() }
    }

    const fn subsampled(self, across: u32, down: u32) -> Self {
        Self { across, down, ..self }
    }

    const fn grouped(self, pixels: u32, bytes: u32) -> Self {
        Self { group_pixels: pixels, group_bytes: bytes, ..self }
    }

    /// Groups that a row of a picture of this width takes: the last may be filled in part.
    #[inline]
    pub const fn groups(&self, width: u32) -> u32 {
        if self.across == 1 && self.group_pixels == 1 {
            return width;
        }
        width.div_ceil(self.across).div_ceil(self.group_pixels)
    }

    pub const fn rows(&self, height: u32) -> u32 {
        height.div_ceil(self.down)
    }

    /// Bytes that a row needs.
    #[inline]
    pub const fn row_bytes(&self, width: u32) -> u32 {
        self.groups(width).saturating_mul(self.group_bytes)
    }
}

/// A pixel format, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    pub name: &'static str,
    pub model: Model,
    pub alpha: bool,
    /// Bits of a component that mean something; 32 is a float from 0 to 1.
    pub bits: u32,
    /// Components do not begin at whole elements: a group is read as bytes.
    pub bit_packed: bool,
    /// Rows begin at a multiple of so many bytes unless somebody says otherwise.
    pub row_align: u32,
    pub planes: &'static [PlaneFormat],
}

const fn described(name: &'static str, model: Model, bits: u32, planes: &'static [PlaneFormat]) -> Description {
    Description { name, model, alpha: false, bits, bit_packed: false, row_align: 1, planes }
}

/// Channels one behind the other, each a whole element.
macro_rules! interleaved {
    ($format:literal, $model:expr, $plane:literal, $element:expr, $channels:literal) => {
        described($format, $model, $element.bytes() * 8, &[PlaneFormat::new($plane, $element, $channels)])
    };
}

macro_rules! planar {
    ($format:literal, $across:literal, $down:literal) => {
        described(
            $format,
            Model::Yuv,
            8,
            &[
                PlaneFormat::new("y", Element::U8, 1),
                PlaneFormat::new("u", Element::U8, 1).subsampled($across, $down),
                PlaneFormat::new("v", Element::U8, 1).subsampled($across, $down),
            ],
        )
    };
}

/// Bits without regard to bytes: `$pixels` in `$bytes`.
macro_rules! bits {
    ($format:literal, $model:expr, $bits:literal, $plane:literal, $pixels:literal in $bytes:literal) => {
        Description {
            bit_packed: true,
            ..described($format, $model, $bits, &[PlaneFormat::new($plane, Element::U8, 1).grouped($pixels, $bytes)])
        }
    };
}

const fn with_alpha(description: Description) -> Description {
    Description { alpha: true, ..description }
}

use Element::{F32, U16, U8};
use Model::{Gray, Rgb, Yuv};

/// In the order of `PixelFormat`'s numbers, which begin at 1.
pub(super) static TABLE: [Description; 23] = [
    interleaved!("rgb8", Rgb, "rgb", U8, 3),
    with_alpha(interleaved!("rgba8", Rgb, "rgba", U8, 4)),
    with_alpha(interleaved!("bgra8", Rgb, "bgra", U8, 4)),
    interleaved!("bgr8", Rgb, "bgr", U8, 3),
    interleaved!("gray8", Gray, "gray", U8, 1),
    interleaved!("gray16", Gray, "gray", U16, 1),
    interleaved!("rgb16", Rgb, "rgb", U16, 3),
    with_alpha(interleaved!("rgba16", Rgb, "rgba", U16, 4)),
    interleaved!("grayf32", Gray, "gray", F32, 1),
    interleaved!("rgbf32", Rgb, "rgb", F32, 3),
    with_alpha(interleaved!("rgbaf32", Rgb, "rgba", F32, 4)),
    described("nv12", Yuv, 8, &[PlaneFormat::new("y", U8, 1), PlaneFormat::new("uv", U8, 2).subsampled(2, 2)]),
    planar!("i420", 2, 2),
    planar!("i422", 2, 1),
    planar!("i444", 1, 1),
    // The 10 bits are the upper ones of the 16.
    described("p010", Yuv, 10, &[PlaneFormat::new("y", U16, 1), PlaneFormat::new("uv", U16, 2).subsampled(2, 2)]),
    described("yuyv8", Yuv, 8, &[PlaneFormat::new("yuyv", U8, 2).grouped(2, 4)]),
    described("uyvy8", Yuv, 8, &[PlaneFormat::new("uyvy", U8, 2).grouped(2, 4)]),
    // Groups of SMPTE ST 2110-20: the first component in the highest bits, big endian.
    bits!("uyvp10", Yuv, 10, "uyvy", 2 in 5),
    bits!("uyvp12", Yuv, 12, "uyvy", 2 in 6),
    bits!("rgb10", Rgb, 10, "rgb", 4 in 15),
    bits!("rgb12", Rgb, 12, "rgb", 2 in 9),
    // Three components in each 32-bit word, the first in the lowest bits.
    Description { row_align: 128, ..bits!("v210", Yuv, 10, "uyvy", 6 in 16) },
];
