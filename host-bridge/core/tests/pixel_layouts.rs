//! Where the planes of a picture lie, for any format and size: inside of it, apart from one another, as large as they should be.

use proptest::prelude::*;
use streamlib_bridge::memory::{PixelFormat, Plane, TextureLayout};

fn any_format() -> impl Strategy<Value = PixelFormat> {
    proptest::sample::select(PixelFormat::ALL.to_vec())
}

/// A layout that passes, with up to 64 elements of padding to a row.
fn layouts() -> impl Strategy<Value = TextureLayout> {
    (any_format(), 1..700_u32, 1..500_u32, 0..64_u32).prop_map(|(format, width, height, padding)| {
        let layout = TextureLayout::packed(width, height, format).unwrap();
        let padding = padding * layout.planes()[0].element.bytes();
        TextureLayout { stride: layout.stride + padding, ..layout }.checked().unwrap()
    })
}

/// What a picture takes without padding, by the books: bits of a pixel, and how the colour differences are sampled.
fn bytes_by_the_books(format: PixelFormat, w: u64, h: u64) -> u64 {
    let half = |n: u64| n.div_ceil(2);
    match format.name() {
        "gray8" => w * h,
        "rgb8" | "bgr8" => 3 * w * h,
        "rgba8" | "bgra8" => 4 * w * h,
        "gray16" => 2 * w * h,
        "rgb16" => 6 * w * h,
        "rgba16" => 8 * w * h,
        "grayf32" => 4 * w * h,
        "rgbf32" => 12 * w * h,
        "rgbaf32" => 16 * w * h,
        "nv12" | "i420" => w * h + 2 * half(w) * half(h),
        "p010" => 2 * (w * h + 2 * half(w) * half(h)),
        "i422" => w * h + 2 * half(w) * h,
        "i444" => 3 * w * h,
        "yuyv8" | "uyvy8" => 4 * half(w) * h,
        "uyvp10" => 5 * half(w) * h,
        "uyvp12" => 6 * half(w) * h,
        "rgb10" => 15 * w.div_ceil(4) * h,
        "rgb12" => 9 * half(w) * h,
        "v210" => 128 * w.div_ceil(48) * h,
        other => panic!("{other} is not in the books"),
    }
}

fn end(plane: &Plane) -> usize {
    plane.offset + plane.byte_length()
}

proptest! {
    #[test]
    fn planes_lie_inside_one_behind_the_other_and_hold_their_rows(layout in layouts()) {
        let planes = layout.planes();
        prop_assert_eq!(planes[0].offset, 0);
        prop_assert_eq!(planes[0].stride, layout.stride);
        for pair in planes.windows(2) {
            prop_assert_eq!(end(&pair[0]), pair[1].offset);
        }
        prop_assert_eq!(end(&planes[planes.len() - 1]), layout.byte_length());
        for plane in &planes {
            prop_assert!(plane.row_bytes() <= plane.stride, "{:?}", plane);
            prop_assert!(plane.width > 0 && plane.height > 0 && plane.channels > 0);
            prop_assert_eq!(plane.offset % plane.element.bytes() as usize, 0);
            prop_assert_eq!(plane.stride % plane.element.bytes(), 0);
        }
    }

    #[test]
    fn a_picture_without_padding_is_as_large_as_the_books_say(
        format in any_format(), width in 1..2000_u32, height in 1..2000_u32,
    ) {
        let layout = TextureLayout::packed(width, height, format).unwrap();
        prop_assert_eq!(layout.byte_length() as u64, bytes_by_the_books(format, width.into(), height.into()));
    }

    /// Whatever numbers a peer names: refused, or a layout whose planes are as above.
    #[test]
    fn any_numbers_are_refused_or_right(
        format in any_format(), width in any::<u32>(), height in any::<u32>(), stride in any::<u32>(), shift in 0..32_u32,
    ) {
        let (width, height, stride) = (width >> shift, height >> shift, stride >> (shift / 2));
        let colour = Default::default();
        if let Ok(layout) = (TextureLayout { width, height, stride, format, colour }).checked() {
            let planes = layout.planes();
            prop_assert_eq!(end(&planes[planes.len() - 1]), layout.byte_length());
            prop_assert!(planes.iter().all(|plane| plane.row_bytes() <= plane.stride));
        }
    }
}

#[test]
fn the_largest_picture_of_each_format_is_counted_without_overflow() {
    let side = TextureLayout::MAX_SIDE;
    for format in PixelFormat::ALL {
        let layout = TextureLayout::packed(side, side, format).unwrap();
        assert_eq!(layout.byte_length() as u64, bytes_by_the_books(format, side.into(), side.into()), "{format:?}");
        assert!(TextureLayout::packed(side + 1, 1, format).is_err());
        assert!(TextureLayout::packed(1, u32::MAX, format).is_err());
    }
}

#[test]
fn rows_of_wide_elements_begin_at_whole_ones() {
    for (format, stride) in [(PixelFormat::Gray16, 33), (PixelFormat::P010, 65), (PixelFormat::RgbF32, 194)] {
        let layout = TextureLayout { stride, ..TextureLayout::packed(16, 4, format).unwrap() };
        let error = layout.checked().unwrap_err();
        assert!(error.message.contains("begin at a multiple of"), "{error}");
    }
}

#[test]
fn planes_of_odd_pictures() {
    let shapes = |format, width, height| -> Vec<(&'static str, u32, u32, u32, u32)> {
        let planes = TextureLayout::packed(width, height, format).unwrap().planes();
        planes.iter().map(|p| (p.name, p.width, p.height, p.channels, p.stride)).collect()
    };
    assert_eq!(shapes(PixelFormat::Nv12, 5, 3), [("y", 5, 3, 1, 5), ("uv", 3, 2, 2, 6)]);
    assert_eq!(shapes(PixelFormat::I420, 5, 3), [("y", 5, 3, 1, 5), ("u", 3, 2, 1, 3), ("v", 3, 2, 1, 3)]);
    assert_eq!(shapes(PixelFormat::P010, 5, 3), [("y", 5, 3, 1, 10), ("uv", 3, 2, 2, 12)]);
    assert_eq!(shapes(PixelFormat::Uyvy8, 5, 3), [("uyvy", 6, 3, 2, 12)]);
    assert_eq!(shapes(PixelFormat::Uyvp10, 5, 3), [("uyvy", 3, 3, 5, 15)]);
    assert_eq!(shapes(PixelFormat::Rgb10, 5, 3), [("rgb", 2, 3, 15, 30)]);
    assert_eq!(shapes(PixelFormat::V210, 5, 3), [("uyvy", 1, 3, 16, 128)]);
    assert_eq!(shapes(PixelFormat::RgbF32, 5, 3), [("rgb", 5, 3, 3, 60)]);
}
