//! Frames as Python objects with the buffer protocol: numpy looks straight into shared memory.

use std::ffi::{c_int, c_void, CStr};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use streamlib_bridge::error::{BridgeError, Code, Result};
use streamlib_bridge::memory::format::Element;
use streamlib_bridge::memory::{self, Frame, Layout, TextureLayout};

use crate::error::raise;
use crate::pixels::{self, plane_views, Colour, PlaneView};

/// What an element of an array is, as the buffer protocol says it.
#[derive(Clone, Copy)]
struct Item {
    code: &'static CStr,
    size: isize,
}

impl Item {
    const BYTE: Self = Self { code: c"B", size: 1 };

    fn of(element: Element) -> Self {
        match element {
            Element::U8 => Self::BYTE,
            Element::U16 => Self { code: c"H", size: 2 },
            Element::F32 => Self { code: c"f", size: 4 },
        }
    }
}

/// A frame that is held until it is released or its last view is gone.
struct Held {
    /// `None` once released. A view keeps the Python object alive, and `views` keeps the memory.
    frame: Mutex<Option<Frame>>,
    views: Mutex<usize>,
    /// Loaned for writing, and not sent yet.
    writable: AtomicBool,
}

fn closed(what: &str) -> BridgeError {
    BridgeError::new(Code::Closed, format!("the {what} was released already"))
}

impl Held {
    fn new(frame: Frame, writable: bool) -> Self {
        Self { frame: Mutex::new(Some(frame)), views: Mutex::new(0), writable: AtomicBool::new(writable) }
    }

    fn frame(&self, what: &str) -> Result<Frame> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| closed(what))
    }

    /// The frame for a message. From here on nobody here writes it: another process may be reading.
    fn send(&self, what: &str) -> Result<Frame> {
        let frame = self.frame(what)?;
        self.writable.store(false, Ordering::Release);
        Ok(frame)
    }

    fn release(&self) -> PyResult<()> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if *views > 0 {
            return Err(PyBufferError::new_err("views of the memory exist; drop them first"));
        }
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Fills a `Py_buffer`. `shape` and `strides` must live as long as the Python object.
    ///
    /// # Safety
    /// `view` is the buffer that Python passed to `__getbuffer__` of `owner`.
    unsafe fn fill(
        &self,
        owner: Bound<'_, PyAny>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
        item: Item,
        shape: &[isize],
        strides: &[isize],
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no buffer to fill"));
        }
        let writable = self.writable.load(Ordering::Acquire);
        if flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE && !writable {
            return Err(PyBufferError::new_err("the frame is read-only: it belongs to another process, or was sent"));
        }
        let packed = strides[0] == shape[1..].iter().product::<isize>() * item.size;
        if flags & ffi::PyBUF_STRIDES != ffi::PyBUF_STRIDES && !packed {
            return Err(PyBufferError::new_err("the rows are padded: ask for strides"));
        }
        // First this lock, as in `release`: the memory must not go between the look at it and the count.
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = self.frame("frame").map_err(raise)?;
        *views += 1;
        // SAFETY: `view` is valid for writes (checked for null; Python's contract otherwise). The memory stays mapped and
        // leased while `views` is not zero, and `shape`/`strides` lie in the object that `obj` keeps alive.
        unsafe {
            (*view).buf = frame.memory.ptr().cast_mut().cast::<c_void>();
            (*view).len = shape.iter().product::<isize>() * item.size;
            (*view).readonly = c_int::from(!writable);
            (*view).itemsize = item.size;
            (*view).format = if flags & ffi::PyBUF_FORMAT == ffi::PyBUF_FORMAT {
                item.code.as_ptr().cast_mut()
            } else {
                ptr::null_mut()
            };
            (*view).ndim = if flags & ffi::PyBUF_ND == ffi::PyBUF_ND { shape.len() as c_int } else { 1 };
            // Whoever did not ask for them reads the memory as a row of bytes.
            (*view).shape =
                if flags & ffi::PyBUF_ND == ffi::PyBUF_ND { shape.as_ptr().cast_mut() } else { ptr::null_mut() };
            (*view).strides = if flags & ffi::PyBUF_STRIDES == ffi::PyBUF_STRIDES {
                strides.as_ptr().cast_mut()
            } else {
                ptr::null_mut()
            };
            (*view).suboffsets = ptr::null_mut();
            (*view).internal = ptr::null_mut();
            (*view).obj = owner.into_ptr();
        }
        Ok(())
    }

    fn view_gone(&self) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        *views = views.saturating_sub(1);
    }
}

/// A picture in shared memory: ``height`` x ``width`` pixels, as ``format`` says.
///
/// Received ones are read-only; loaned ones are writable until they are sent. ``numpy.asarray`` looks at one without a copy: at
/// its pixels, or at all bytes in a row where there are several planes.
#[pyclass(frozen, module = "streamlib._native", weakref)]
pub struct Texture {
    held: Held,
    layout: TextureLayout,
    item: Item,
    /// Of the only plane; of a picture with several, all bytes in a row.
    dimensions: usize,
    shape: [isize; 3],
    strides: [isize; 3],
}

impl Texture {
    fn new(frame: Frame, writable: bool) -> Self {
        let layout = match frame.layout {
            Layout::Texture(layout) => layout,
            Layout::Buffer { .. } => unreachable!("the codec makes textures of texture handles only"),
        };
        let held = Held::new(frame, writable);
        let Some(plane) = layout.only_plane() else {
            let (shape, strides) = ([layout.byte_length() as isize, 1, 1], [1, 1, 1]);
            return Self { held, layout, item: Item::BYTE, dimensions: 1, shape, strides };
        };
        let item = Item::of(plane.element);
        let channels = plane.channels as isize;
        Self {
            held,
            layout,
            item,
            // Gray pictures have two dimensions, as everywhere in Python.
            dimensions: if channels == 1 { 2 } else { 3 },
            shape: [plane.height as isize, plane.width as isize, channels],
            strides: [plane.stride as isize, channels * item.size, item.size],
        }
    }

    pub fn received(frame: Frame) -> Self {
        Self::new(frame, false)
    }

    pub fn send(&self) -> Result<Frame> {
        self.held.send("texture")
    }
}

#[pymethods]
impl Texture {
    /// Width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.layout.width
    }
    /// Height in pixels: the number of rows.
    #[getter]
    fn height(&self) -> u32 {
        self.layout.height
    }
    /// Bytes from the beginning of one row to that of the next; at least the bytes of a row's pixels.
    #[getter]
    fn stride(&self) -> u32 {
        self.layout.stride
    }
    /// ``"rgb8"``, ``"gray8"``, ``"nv12"``, …: a name of `streamlib.PIXEL_FORMATS`.
    #[getter]
    fn format(&self) -> &'static str {
        self.layout.format.name()
    }
    /// True while it is loaned from an output and not sent; False for what was received.
    #[getter]
    fn writable(&self) -> bool {
        self.held.writable.load(Ordering::Acquire)
    }
    /// Address of the first pixel in this process; the same memory has the same address.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    #[getter]
    fn address(&self) -> PyResult<usize> {
        Ok(self.held.frame("texture").map_err(raise)?.memory.ptr() as usize)
    }
    /// What its numbers mean as colours; unspecified by default.
    #[getter]
    fn colour(&self) -> Colour {
        self.layout.colour.into()
    }
    /// The pixels as a numpy array of shape ``(height, width, channels)``, of gray pictures ``(height, width)``; dtype uint8,
    /// uint16 or float32. A view, without a copy. Read-only unless this is loaned.
    ///
    /// ``yuyv8`` and ``uyvy8``: ``(height, width, 2)``, the width rounded up to an even one. Bit-packed formats:
    /// ``(height, groups, bytes of a group)``; see `unpack`.
    ///
    /// Returns:
    ///     A view of the memory, which stays as it is for as long as the array exists.
    ///
    /// Raises:
    ///     TypeError: The picture has several planes; see `planes`.
    ///     BridgeError: ``code`` is ``closed``: it was released.
    fn to_numpy<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let planes = slf.get().layout.format.description().planes;
        if planes.len() > 1 {
            let names: Vec<_> = planes.iter().map(|plane| plane.name).collect();
            return Err(PyTypeError::new_err(format!(
                "a picture of {} is no single array but has the planes {}: use planes(), or unpack()",
                slf.get().layout.format.name(),
                names.join(", ")
            )));
        }
        Self::memory(slf)
    }

    /// All of it as one array: the only plane, or the bytes of several.
    #[pyo3(name = "_memory")]
    fn memory<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        // numpy would take an object without a buffer for a value of its own.
        slf.get().held.frame("texture").map_err(raise)?;
        slf.py().import("numpy")?.call_method1("asarray", (slf,))
    }

    /// A view of each plane, without a copy; also by name: ``planes().y``, ``planes().uv``. Shapes and dtypes as with
    /// `to_numpy`; planes of colour differences are as much smaller as the format says, rounded up.
    ///
    /// Returns:
    ///     A tuple of views, one for each plane.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    fn planes<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamlib._pixels.texture")?.call_method1("of_texture", (slf,))
    }

    /// The components as arrays of their own, such as ``y``, ``u``, ``v`` or ``r``, ``g``, ``b``; see `streamlib.unpack`.
    ///
    /// Returns:
    ///     An array for each component: copies of bit-packed formats and ``p010``, views of all others.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    fn unpack<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamlib._pixels.components")?.call_method1("unpack", (slf,))
    }

    /// Name, dtype, offset, shape and strides of each plane.
    #[getter]
    fn _layout(&self) -> Vec<PlaneView> {
        plane_views(&self.layout)
    }

    /// Another handle to the same memory, for a frame that is sent later. Both are read-only from here on.
    ///
    /// Returns:
    ///     A handle that is released by itself; the memory is not copied.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    fn share(&self) -> PyResult<Self> {
        self.send().map(Self::received).map_err(raise)
    }

    /// Gives the memory back to its producer now, rather than when this object is collected. Calling it again does nothing.
    ///
    /// Raises:
    ///     BufferError: numpy arrays or other views of it still exist.
    fn release(&self) -> PyResult<()> {
        self.held.release()
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        let n = this.dimensions;
        // SAFETY: Python calls this with its own buffer; shape and strides lie in the frozen object.
        unsafe { this.held.fill(slf.clone().into_any(), view, flags, this.item, &this.shape[..n], &this.strides[..n]) }
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.held.view_gone();
    }

    fn __repr__(&self) -> String {
        let TextureLayout { width, height, format, .. } = self.layout;
        format!("<Texture {width}x{height} {}>", format.name())
    }
}

/// Bytes in shared memory, such as the samples of sound. ``numpy.asarray`` and ``memoryview`` look at them without a copy.
///
/// Received ones are read-only; loaned ones are writable until they are sent.
#[pyclass(frozen, module = "streamlib._native", weakref)]
pub struct SharedBuffer {
    held: Held,
    shape: [isize; 1],
    strides: [isize; 1],
}

impl SharedBuffer {
    fn new(frame: Frame, writable: bool) -> Self {
        let length = frame.layout.byte_length() as isize;
        Self { held: Held::new(frame, writable), shape: [length], strides: [1] }
    }

    pub fn received(frame: Frame) -> Self {
        Self::new(frame, false)
    }

    pub fn send(&self) -> Result<Frame> {
        self.held.send("buffer")
    }
}

#[pymethods]
impl SharedBuffer {
    /// Size in bytes.
    #[getter]
    fn byte_length(&self) -> usize {
        self.shape[0] as usize
    }
    /// True while it is loaned from an output and not sent; False for what was received.
    #[getter]
    fn writable(&self) -> bool {
        self.held.writable.load(Ordering::Acquire)
    }
    /// Address of the first byte in this process.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    #[getter]
    fn address(&self) -> PyResult<usize> {
        Ok(self.held.frame("buffer").map_err(raise)?.memory.ptr() as usize)
    }
    /// The bytes as a numpy array of one dimension, without a copy. Read-only unless this is loaned.
    ///
    /// Args:
    ///     dtype: The type of its elements; uint8 if not given. The size must be a multiple of the element's.
    ///
    /// Returns:
    ///     A view of the memory, which stays as it is for as long as the array exists.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    ///     ValueError: the size does not fit ``dtype``.
    #[pyo3(signature = (dtype = None))]
    fn to_numpy<'py>(slf: Bound<'py, Self>, dtype: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().held.frame("buffer").map_err(raise)?;
        let bytes = slf.py().import("numpy")?.call_method1("asarray", (slf,))?;
        match dtype {
            None => Ok(bytes),
            Some(dtype) => bytes.call_method1("view", (dtype,)),
        }
    }

    /// Another handle to the same memory, for a frame that is sent later. Both are read-only from here on.
    ///
    /// Returns:
    ///     A handle that is released by itself; the memory is not copied.
    ///
    /// Raises:
    ///     BridgeError: ``code`` is ``closed``: it was released.
    fn share(&self) -> PyResult<Self> {
        self.send().map(Self::received).map_err(raise)
    }

    /// Gives the memory back to its producer now, rather than when this object is collected. Calling it again does nothing.
    ///
    /// Raises:
    ///     BufferError: numpy arrays or other views of it still exist.
    fn release(&self) -> PyResult<()> {
        self.held.release()
    }
    fn __len__(&self) -> usize {
        self.shape[0] as usize
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        // SAFETY: as for textures.
        unsafe { this.held.fill(slf.clone().into_any(), view, flags, Item::BYTE, &this.shape, &this.strides) }
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.held.view_gone();
    }

    fn __repr__(&self) -> String {
        format!("<SharedBuffer of {} bytes>", self.shape[0])
    }
}

/// The slots that this process writes its frames into.
#[pyclass(frozen, module = "streamlib._native")]
pub struct FramePool {
    pool: memory::FramePool,
}

#[pymethods]
impl FramePool {
    #[new]
    #[pyo3(signature = (max_slots = memory::DEFAULT_MAX_SLOTS))]
    fn new(max_slots: u32) -> Self {
        Self { pool: memory::FramePool::new(max_slots) }
    }

    /// A writable texture, or ``None`` while every slot is held.
    #[pyo3(signature = (width, height, format = "rgb8", colour = None))]
    fn texture(&self, width: u32, height: u32, format: &str, colour: Option<&Colour>) -> PyResult<Option<Texture>> {
        let get = || self.pool.texture(pixels::layout(width, height, format, colour)?);
        Ok(get().map_err(raise)?.map(|frame| Texture::new(frame, true)))
    }

    /// Writable shared memory of ``byte_length`` bytes, or ``None`` while every slot is held.
    fn buffer(&self, byte_length: usize) -> PyResult<Option<SharedBuffer>> {
        Ok(self.pool.buffer(byte_length).map_err(raise)?.map(|frame| SharedBuffer::new(frame, true)))
    }

    /// ``slots``, ``free``, ``segments``, ``acquired``, ``refused``.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyDict>> {
        let stats = self.pool.stats();
        let dict = pyo3::types::PyDict::new(py);
        dict.set_item("slots", stats.slots)?;
        dict.set_item("free", stats.free)?;
        dict.set_item("segments", stats.segments)?;
        dict.set_item("acquired", stats.acquired)?;
        dict.set_item("refused", stats.refused)?;
        Ok(dict)
    }

    fn close(&self) {
        self.pool.close();
    }
}
