//! Pixel formats and colours as Python sees them: names, and where the planes of a picture lie.

use pyo3::prelude::*;
use streamlib_bridge::error::Result;
use streamlib_bridge::memory::format::{Matrix, Model, Primaries, Range, Transfer};
use streamlib_bridge::memory::{self, PixelFormat, TextureLayout};

use crate::error::raise;

/// What the numbers of a picture mean as colours, by the names of ITU-T H.273 that FFmpeg has.
///
/// Two are equal where all of their names are. Each argument is ``"unspecified"`` where nothing else is given.
///
/// Args:
///     range: See the property.
///     matrix: See the property.
///     transfer: See the property.
///     primaries: See the property.
///
/// Raises:
///     BridgeError: there is no such name; the message lists those that there are.
#[pyclass(frozen, eq, hash, module = "streamlib")]
#[derive(Clone, PartialEq)]
pub struct Colour(memory::Colour);

impl std::hash::Hash for Colour {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bytes().hash(state);
    }
}

#[pymethods]
impl Colour {
    #[new]
    #[pyo3(signature = (range = "unspecified", matrix = "unspecified", transfer = "unspecified", primaries = "unspecified"))]
    fn new(range: &str, matrix: &str, transfer: &str, primaries: &str) -> PyResult<Self> {
        let parsed = || -> Result<memory::Colour> {
            Ok(memory::Colour {
                range: Range::from_name(range)?,
                matrix: Matrix::from_name(matrix)?,
                transfer: Transfer::from_name(transfer)?,
                primaries: Primaries::from_name(primaries)?,
            })
        };
        parsed().map(Self).map_err(raise)
    }
    /// Which numbers are black and white: ``"limited"``, ``"full"`` or ``"unspecified"``.
    #[getter]
    fn range(&self) -> &'static str {
        self.0.range.name()
    }
    /// How luma and colour differences follow from red, green and blue: ``"bt709"``, ``"smpte170m"`` (given as ``"bt601"`` as
    /// well), ``"bt2020nc"``, ``"gbr"``, …, or ``"unspecified"``.
    #[getter]
    fn matrix(&self) -> &'static str {
        self.0.matrix.name()
    }
    /// How numbers become light: ``"bt709"``, ``"srgb"``, ``"linear"``, ``"smpte2084"`` (given as ``"pq"`` as well),
    /// ``"arib-std-b67"`` (given as ``"hlg"`` as well), …, or ``"unspecified"``.
    #[getter]
    fn transfer(&self) -> &'static str {
        self.0.transfer.name()
    }
    /// Which red, green and blue are meant: ``"bt709"``, ``"bt2020"``, ``"smpte432"``, …, or ``"unspecified"``.
    #[getter]
    fn primaries(&self) -> &'static str {
        self.0.primaries.name()
    }
    fn __repr__(&self) -> String {
        let memory::Colour { range, matrix, transfer, primaries } = self.0;
        let (range, matrix, transfer) = (range.name(), matrix.name(), transfer.name());
        format!("Colour(range='{range}', matrix='{matrix}', transfer='{transfer}', primaries='{}')", primaries.name())
    }
}

impl From<memory::Colour> for Colour {
    fn from(colour: memory::Colour) -> Self {
        Self(colour)
    }
}

/// A layout without padding.
pub fn layout(width: u32, height: u32, format: &str, colour: Option<&Colour>) -> Result<TextureLayout> {
    let layout = TextureLayout::packed(width, height, PixelFormat::from_name(format)?)?;
    Ok(layout.with_colour(colour.map_or(memory::Colour::UNSPECIFIED, |colour| colour.0)))
}

/// Name, dtype, offset, shape and strides (both as numpy has them) of a plane.
pub type PlaneView = (&'static str, &'static str, usize, Vec<u32>, Vec<u32>);

pub fn plane_views(layout: &TextureLayout) -> Vec<PlaneView> {
    let view = |plane: memory::Plane| {
        let size = plane.element.bytes();
        let (mut shape, mut strides) =
            (vec![plane.height, plane.width, plane.channels], vec![plane.stride, plane.channels * size, size]);
        // A plane of single numbers has two dimensions, as everywhere in Python.
        if plane.channels == 1 {
            shape.pop();
            strides.pop();
        }
        (plane.name, plane.element.name(), plane.offset, shape, strides)
    };
    layout.planes().into_iter().map(view).collect()
}

/// The planes that a picture without padding has.
#[pyfunction]
pub fn plane_layout(width: u32, height: u32, format: &str) -> PyResult<Vec<PlaneView>> {
    layout(width, height, format, None).map(|layout| plane_views(&layout)).map_err(raise)
}

/// Name, model (``"gray"``, ``"rgb"``, ``"yuv"``), bits of a component, whether it is bit-packed, whether it has alpha, and how
/// many planes, of every format.
#[pyfunction]
pub fn pixel_formats() -> Vec<(&'static str, &'static str, u32, bool, bool, usize)> {
    let one = |format: PixelFormat| {
        let known = format.description();
        let model = match known.model {
            Model::Gray => "gray",
            Model::Rgb => "rgb",
            Model::Yuv => "yuv",
        };
        (known.name, model, known.bits, known.bit_packed, known.alpha, known.planes.len())
    };
    PixelFormat::ALL.into_iter().map(one).collect()
}
