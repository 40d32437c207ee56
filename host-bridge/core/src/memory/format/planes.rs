//! Where the planes of a picture lie in its slot: one behind the other, without gaps.

use super::{Element, PixelFormat};

/// One plane of a picture, as an array: `height` rows of `width` positions with `channels` elements each.
///
/// A position is a pixel of the plane; in a bit-packed format it is a group, and its elements are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    pub name: &'static str,
    pub element: Element,
    /// Bytes from the beginning of the slot's frame.
    pub offset: usize,
    /// Bytes from one row to the next.
    pub stride: u32,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
}

impl Plane {
    /// Bytes of a row that mean something.
    pub fn row_bytes(&self) -> u32 {
        self.width * self.channels * self.element.bytes()
    }

    /// Bytes to the end of its last row, padding included.
    pub fn byte_length(&self) -> usize {
        self.stride as usize * self.height as usize
    }
}

/// What the planes of a picture follow from, checked by whoever asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct PictureSize {
    pub format: PixelFormat,
    pub width: u32,
    pub height: u32,
    /// Bytes of a row of the first plane.
    pub stride: u32,
}

/// The stride of plane `index` where the first has `stride`: as much of it as the plane has columns of the picture's.
fn stride_of(format: PixelFormat, stride: u32, index: usize) -> u32 {
    if index == 0 {
        return stride;
    }
    let plane = &format.description().planes[index];
    (stride / plane.element.bytes()).div_ceil(plane.across).saturating_mul(plane.group_bytes)
}

/// Bytes of a row where nobody asks for more.
#[inline]
pub(super) fn default_stride(format: PixelFormat, width: u32) -> u32 {
    let row = format.first().row_bytes(width);
    match format.description().row_align {
        1 => row,
        align => row.checked_next_multiple_of(align).unwrap_or(u32::MAX),
    }
}

/// Bytes of all planes. Cannot overflow for what a `TextureLayout` let pass as checked.
#[inline]
pub(super) fn byte_length(format: PixelFormat, stride: u32, height: u32) -> usize {
    let first = stride as usize * height as usize;
    let planes = format.description().planes;
    match planes.len() {
        1 => first,
        _ => with_further_planes(first, format, stride, height),
    }
}

fn with_further_planes(first: usize, format: PixelFormat, stride: u32, height: u32) -> usize {
    let planes = format.description().planes;
    (1..planes.len()).fold(first, |sum, index| {
        let rows = planes[index].rows(height) as usize;
        sum.saturating_add(rows.saturating_mul(stride_of(format, stride, index) as usize))
    })
}

/// Plane `index` of a picture that was checked, `offset` bytes behind its beginning.
pub(super) fn plane_at(size: PictureSize, index: usize, offset: usize) -> Plane {
    let description = size.format.description();
    let plane = &description.planes[index];
    let groups = plane.groups(size.width);
    let elements = plane.group_bytes / plane.element.bytes();
    let (width, channels) = match (description.bit_packed, plane.group_pixels) {
        (true, _) | (false, 1) => (groups, elements),
        (false, pixels) => (groups * pixels, elements / pixels),
    };
    Plane {
        name: plane.name,
        element: plane.element,
        offset,
        stride: stride_of(size.format, size.stride, index),
        width,
        height: plane.rows(size.height),
        channels,
    }
}

pub(super) fn planes(size: PictureSize) -> Vec<Plane> {
    let mut offset = 0;
    let mut next = |index| {
        let plane = plane_at(size, index, offset);
        offset += plane.byte_length();
        plane
    };
    (0..size.format.description().planes.len()).map(&mut next).collect()
}
