//! Pixel formats: their numbers on the wire, their names, and what each is made of.

mod colour;
mod description;
mod layout;
mod planes;

pub use colour::{Colour, Matrix, Primaries, Range, Transfer};
pub use description::{Description, Element, Model, PlaneFormat};
pub use layout::{Layout, TextureLayout};
pub use planes::Plane;

use crate::error::{BridgeError, Result};

macro_rules! formats {
    ($($variant:ident = $number:literal,)*) => {
        /// A pixel format; its number is the one on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum PixelFormat {
            $($variant = $number,)*
        }

        impl PixelFormat {
            pub const ALL: [PixelFormat; 23] = [$(PixelFormat::$variant,)*];
        }
    };
}

formats! {
    Rgb8 = 1,
    Rgba8 = 2,
    Bgra8 = 3,
    Bgr8 = 4,
    Gray8 = 5,
    Gray16 = 6,
    Rgb16 = 7,
    Rgba16 = 8,
    GrayF32 = 9,
    RgbF32 = 10,
    RgbaF32 = 11,
    Nv12 = 12,
    I420 = 13,
    I422 = 14,
    I444 = 15,
    P010 = 16,
    Yuyv8 = 17,
    Uyvy8 = 18,
    Uyvp10 = 19,
    Uyvp12 = 20,
    Rgb10 = 21,
    Rgb12 = 22,
    V210 = 23,
}

impl PixelFormat {
    #[inline]
    pub fn description(self) -> &'static Description {
        &description::TABLE[self as usize - 1]
    }

    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// How to read the plane that comes first, which of most formats is the only one.
    #[inline]
    pub(crate) fn first(self) -> &'static PlaneFormat {
        &self.description().planes[0]
    }

    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|f| f.name()).collect();
            BridgeError::value(format!("{name:?} is no pixel format; known: {}", known.join(", ")))
        })
    }

    #[inline]
    pub fn from_wire(byte: u8) -> Result<Self> {
        let format = usize::from(byte).checked_sub(1).and_then(|index| Self::ALL.get(index));
        format.copied().ok_or_else(|| BridgeError::malformed(format!("unknown pixel format {byte}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are fixed: recordings and other versions know them.
    #[test]
    fn numbers_and_names_are_those_of_the_wire() {
        let old = [("rgb8", 1), ("rgba8", 2), ("bgra8", 3), ("bgr8", 4), ("gray8", 5)];
        for (name, number) in old {
            assert_eq!(PixelFormat::from_wire(number).unwrap().name(), name);
        }
        for (index, format) in PixelFormat::ALL.into_iter().enumerate() {
            assert_eq!(format as usize, index + 1);
            assert_eq!(PixelFormat::from_name(format.name()).unwrap(), format);
            assert_eq!(PixelFormat::from_wire(format as u8).unwrap(), format);
        }
        assert!(PixelFormat::from_wire(0).is_err());
        assert!(PixelFormat::from_wire(24).is_err());
        assert!(PixelFormat::from_name("RGB8").unwrap_err().message.contains("known: rgb8, rgba8"));
    }

    #[test]
    fn what_is_described_agrees_with_itself() {
        for format in PixelFormat::ALL {
            let description = format.description();
            let planes = description.planes;
            assert!((1..=3).contains(&planes.len()), "{format:?}");
            for plane in planes {
                assert!(plane.group_bytes.is_multiple_of(plane.element.bytes()), "{format:?}");
                // The strides of further planes follow from the first, whose positions are single numbers then.
                assert!(planes.len() == 1 || plane.group_pixels == 1, "{format:?}");
                assert_eq!(plane.element, planes[0].element, "{format:?}");
            }
            assert!(planes.len() == 1 || planes[0].group_bytes == planes[0].element.bytes(), "{format:?}");
            assert!(planes.len() == 1 || !description.bit_packed, "{format:?}");
            let align = description.row_align;
            assert!(align == 1 || align.is_multiple_of(planes[0].element.bytes()), "{format:?}");
        }
    }
}
