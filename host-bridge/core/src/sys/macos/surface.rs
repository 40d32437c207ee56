//! A texture's memory: an IOSurface, which the graphics processor and other processes can use without a copy.
//!
//! The rows come first, as everything that knows surfaces expects; the page with the generation follows them, in memory
//! that the surface owns and its declared rows do not reach.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use super::ffi::iosurface::*;
use super::object::{Kind, Object};
use crate::counters;
use crate::error::{BridgeError, Code, Result};
use crate::memory::{Colour, PixelFormat, TextureLayout};
use crate::sys::page::{page_align, PAGE};

/// An object of CoreFoundation, released when dropped.
#[derive(Debug)]
struct Owned(NonNull<c_void>);

impl Owned {
    /// Takes over the reference that a function named `Create` or `Copy` returned.
    ///
    /// # Safety
    /// The reference is the caller's, who uses it no more.
    unsafe fn new(raw: CFTypeRef) -> Option<Self> {
        NonNull::new(raw.cast_mut()).map(Self)
    }

    fn raw(&self) -> *mut c_void {
        self.0.as_ptr()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference was held.
        unsafe { CFRelease(self.raw()) };
    }
}

#[derive(Debug)]
pub struct Surface {
    surface: Owned,
    base: NonNull<u8>,
    layout: TextureLayout,
    locks: Mutex<Locks>,
}

#[derive(Debug, Default)]
struct Locks {
    writing: bool,
    readers: u32,
}

// SAFETY: IOSurface's functions may be called from any thread; who reads and writes the memory when is a matter of leases.
unsafe impl Send for Surface {}
// SAFETY: as above.
unsafe impl Sync for Surface {}

/// Codes of CoreVideo where there is one, so that other programs see what it is. `None`: no surface of one plane, whose
/// elements are pixels, can say what it is; such pictures lie in shared memory like buffers.
fn code(format: PixelFormat) -> Option<u32> {
    match format {
        PixelFormat::Rgb8 => Some(24),
        PixelFormat::Bgr8 => Some(u32::from_be_bytes(*b"24BG")),
        PixelFormat::Rgba8 => Some(u32::from_be_bytes(*b"RGBA")),
        PixelFormat::Bgra8 => Some(u32::from_be_bytes(*b"BGRA")),
        PixelFormat::Gray8 => Some(u32::from_be_bytes(*b"L008")),
        PixelFormat::Gray16 => Some(u32::from_be_bytes(*b"L016")),
        PixelFormat::Rgba16 => Some(u32::from_be_bytes(*b"l64r")),
        PixelFormat::GrayF32 => Some(u32::from_be_bytes(*b"L00f")),
        PixelFormat::RgbaF32 => Some(u32::from_be_bytes(*b"RGfA")),
        _ => None,
    }
}

/// Whether pictures of a format can lie in a surface.
pub fn can_hold(format: PixelFormat) -> bool {
    code(format).is_some()
}

impl Surface {
    pub fn create(layout: TextureLayout) -> Result<Self> {
        let name = layout.format.name();
        let code = code(layout.format).ok_or_else(|| BridgeError::value(format!("no surface can hold {name}")))?;
        let length = page_align(layout.byte_length()) + PAGE;
        // SAFETY: keys are constants of the system, values are held until the dictionary has retained them.
        let surface = unsafe {
            let number = |value: usize| {
                let value = value as i64;
                Owned::new(CFNumberCreate(ptr::null(), kCFNumberSInt64Type, (&raw const value).cast()))
            };
            let keys = [
                kIOSurfaceWidth,
                kIOSurfaceHeight,
                kIOSurfaceBytesPerElement,
                kIOSurfaceBytesPerRow,
                kIOSurfaceAllocSize,
                kIOSurfacePixelFormat,
            ];
            let values = [
                layout.width as usize,
                layout.height as usize,
                layout.format.first().group_bytes as usize,
                layout.stride as usize,
                length,
                code as usize,
            ];
            let values: Option<Vec<Owned>> = values.into_iter().map(number).collect();
            let values = values.ok_or_else(|| BridgeError::io("cannot describe a surface", "out of memory"))?;
            let raw: Vec<CFTypeRef> = values.iter().map(|v| v.raw().cast_const()).collect();
            let properties = Owned::new(CFDictionaryCreate(
                ptr::null(),
                keys.as_ptr(),
                raw.as_ptr(),
                keys.len() as isize,
                &raw const kCFTypeDictionaryKeyCallBacks,
                &raw const kCFTypeDictionaryValueCallBacks,
            ));
            let properties = properties.ok_or_else(|| BridgeError::io("cannot describe a surface", "out of memory"))?;
            Owned::new(IOSurfaceCreate(properties.raw()))
        };
        let Some(surface) = surface else {
            return Err(BridgeError::io(
                &format!("no room for a surface of {}x{} pixels", layout.width, layout.height),
                "IOSurfaceCreate returned nothing",
            ));
        };
        let made = Self::over(surface)?;
        if made.layout != layout {
            return Err(BridgeError::io(
                "the system made another surface than was asked for",
                format!("{:?}", made.layout),
            ));
        }
        Ok(made)
    }

    /// Memory of a peer. Its size and shape are the kernel's word, not the peer's.
    pub fn import(object: &Object) -> Result<Self> {
        let surface = match object.kind() {
            // SAFETY: held. Objects of other kinds are sorted out here; what is no surface gives null.
            Kind::Other => unsafe { Owned::new(IOSurfaceLookupFromXPCObject(object.raw())) },
            _ => None,
        };
        match surface {
            Some(surface) => Self::over(surface).map_err(|e| BridgeError::malformed(e.message)),
            None => Err(BridgeError::malformed("a handle that should be shared memory is something else")),
        }
    }

    fn over(surface: Owned) -> Result<Self> {
        let raw = surface.raw();
        // SAFETY: the surface is held.
        let (width, height, stride, planes, length, format) = unsafe {
            (
                IOSurfaceGetWidth(raw),
                IOSurfaceGetHeight(raw),
                IOSurfaceGetBytesPerRow(raw),
                IOSurfaceGetPlaneCount(raw),
                IOSurfaceGetAllocSize(raw),
                IOSurfaceGetPixelFormat(raw),
            )
        };
        let odd = || {
            BridgeError::new(Code::Io, format!("a surface of {width}x{height} pixels in {length} bytes does not fit"))
        };
        let format = PixelFormat::ALL.into_iter().find(|f| code(*f) == Some(format)).ok_or_else(odd)?;
        let side = |n: usize| u32::try_from(n).map_err(|_| odd());
        let colour = Colour::UNSPECIFIED;
        let layout =
            TextureLayout { width: side(width)?, height: side(height)?, stride: side(stride)?, format, colour };
        let layout = layout.checked().map_err(|_| odd())?;
        if planes != 0 || length < page_align(layout.byte_length()) + PAGE {
            return Err(odd());
        }
        // Its address is asked for while it is locked, as the documentation has it, and asked for again at every lock.
        lock(raw, kIOSurfaceLockReadOnly)?;
        // SAFETY: held and locked.
        let base = NonNull::new(unsafe { IOSurfaceGetBaseAddress(raw) }.cast());
        unlock(raw, kIOSurfaceLockReadOnly);
        let base = base.ok_or_else(odd)?;
        counters::mapping_made();
        Ok(Self { surface, base, layout, locks: Mutex::default() })
    }

    pub fn layout(&self) -> TextureLayout {
        self.layout
    }

    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Bytes of the rows, in whole pages; the page of the generation follows.
    pub fn length(&self) -> usize {
        page_align(self.layout.byte_length())
    }

    /// What another process needs to look it up.
    pub fn handle(&self) -> Result<Object> {
        // SAFETY: held.
        let object = unsafe { Object::owned(IOSurfaceCreateXPCObject(self.surface.raw())) };
        object.ok_or_else(|| BridgeError::io("cannot share a surface", "IOSurfaceCreateXPCObject returned nothing"))
    }

    fn locks(&self) -> std::sync::MutexGuard<'_, Locks> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_at_base(&self, options: u32) -> Result<()> {
        lock(self.surface.raw(), options)?;
        // SAFETY: held and locked.
        if unsafe { IOSurfaceGetBaseAddress(self.surface.raw()) }.cast() != self.base.as_ptr() {
            unlock(self.surface.raw(), options);
            return Err(BridgeError::io("a surface cannot be used", "its memory moved"));
        }
        Ok(())
    }

    pub fn begin_write(&self) -> Result<()> {
        let mut locks = self.locks();
        if !locks.writing {
            self.lock_at_base(0)?;
            locks.writing = true;
        }
        Ok(())
    }

    pub fn end_write(&self) {
        let mut locks = self.locks();
        if std::mem::take(&mut locks.writing) {
            unlock(self.surface.raw(), 0);
        }
    }

    /// The use count is the system's: while it is above zero, no process takes the surface for a new frame.
    pub fn begin_read(&self) -> Result<()> {
        let mut locks = self.locks();
        if locks.readers == 0 {
            self.lock_at_base(kIOSurfaceLockReadOnly)?;
        }
        locks.readers += 1;
        // SAFETY: held.
        unsafe { IOSurfaceIncrementUseCount(self.surface.raw()) };
        Ok(())
    }

    pub fn end_read(&self, leases: u32) {
        let mut locks = self.locks();
        let leases = leases.min(locks.readers);
        for _ in 0..leases {
            // SAFETY: held, and incremented as often.
            unsafe { IOSurfaceDecrementUseCount(self.surface.raw()) };
        }
        locks.readers -= leases;
        if leases > 0 && locks.readers == 0 {
            unlock(self.surface.raw(), kIOSurfaceLockReadOnly);
        }
    }

    pub fn in_use(&self) -> bool {
        // SAFETY: held.
        unsafe { IOSurfaceIsInUse(self.surface.raw()) != 0 }
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        counters::mapping_gone();
        let readers = self.locks().readers;
        self.end_read(readers);
        self.end_write();
    }
}

fn lock(surface: IOSurfaceRef, options: u32) -> Result<()> {
    // SAFETY: the caller holds the surface; no seed is asked for.
    match unsafe { IOSurfaceLock(surface, options, ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(BridgeError::io("cannot lock a surface", format!("error {error:#x}"))),
    }
}

fn unlock(surface: IOSurfaceRef, options: u32) {
    // SAFETY: the caller holds the surface and has locked it so.
    unsafe { IOSurfaceUnlock(surface, options, ptr::null_mut()) };
}
