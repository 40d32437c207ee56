//! Memory that processes share: a surface for a texture, an XPC shared memory object for everything else.
//!
//! Unlike on Linux nothing seals it: a peer of the same user that wants to could write into it. So the producer keeps its
//! own generations, and no length or shape is read from memory that a peer can write without being checked.

use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::mm::{mprotect, munmap, MprotectFlags};

use super::ffi::xpc;
use super::handle::Handle;
use super::object::{Kind, Object};
use super::surface::{self, Surface};
use crate::counters;
use crate::error::{BridgeError, Result};
use crate::memory::{Colour, Layout, TextureLayout};
pub use crate::sys::page::{page_align, PAGE};

/// How many bytes a mapping of so much memory has: pages of this system may be larger than ours.
pub fn mapped_length(n: usize) -> usize {
    n.next_multiple_of(rustix::param::page_size())
}

/// What a segment can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One texture of just this shape: the surface tells it to the graphics processor.
    Surface(TextureLayout),
    /// Buffers, and textures that no surface can describe: those with several planes, or whose pixels are no whole elements.
    Plain,
}

impl Form {
    pub fn of(layout: &Layout) -> Self {
        match layout {
            // Surfaces serve frames of any colour.
            Layout::Texture(texture) if surface::can_hold(texture.format) => {
                Form::Surface(texture.with_colour(Colour::UNSPECIFIED))
            }
            Layout::Texture(_) | Layout::Buffer { .. } => Form::Plain,
        }
    }

    /// True when a frame of this layout can lie in it.
    pub fn holds(self, layout: &Layout) -> bool {
        Self::of(layout) == self
    }

    /// How many slots of the `most` that were asked for one segment can have.
    pub fn slots(self, most: u32) -> u32 {
        match self {
            Form::Surface(_) => most.min(1),
            Form::Plain => most,
        }
    }
}

/// Memory of a segment, mapped here.
#[derive(Debug)]
pub enum Mapping {
    Surface(Surface),
    Plain(Region),
}

impl Mapping {
    /// Fresh zeroed memory, and what a peer needs to map it.
    pub fn create(form: Form, len: usize) -> Result<(Handle, Self)> {
        match form {
            Form::Surface(layout) => {
                let surface = Surface::create(layout)?;
                Ok((surface.handle()?, Mapping::Surface(surface)))
            }
            Form::Plain => {
                let region = Region::create(mapped_length(len))?;
                // SAFETY: the region is shared memory of this length.
                let object = unsafe { Object::owned(xpc::xpc_shmem_create(region.ptr.as_ptr().cast(), region.len)) };
                let object = object.ok_or_else(|| BridgeError::io("cannot share memory", "XPC made no object"))?;
                Ok((object, Mapping::Plain(region)))
            }
        }
    }

    /// Memory of a peer, for reading.
    pub fn import(handle: &Handle) -> Result<(Form, Self)> {
        if handle.kind() == Kind::Shmem {
            return Ok((Form::Plain, Mapping::Plain(Region::import(handle)?)));
        }
        let surface = Surface::import(handle)?;
        Ok((Form::Surface(surface.layout()), Mapping::Surface(surface)))
    }

    /// What a further process needs to map memory of a peer, which came as `received`.
    pub fn handle_to_pass_on(&self, received: Handle) -> Result<Handle> {
        match self {
            // An object of our own: nothing says that one that was received can be sent again.
            Mapping::Surface(surface) => surface.handle(),
            Mapping::Plain(_) => Ok(received),
        }
    }

    pub fn ptr(&self) -> *mut u8 {
        match self {
            Mapping::Surface(surface) => surface.base(),
            Mapping::Plain(region) => region.ptr.as_ptr(),
        }
    }

    pub fn byte_length(&self) -> usize {
        match self {
            Mapping::Surface(surface) => mapped_length(surface.length() + PAGE),
            Mapping::Plain(region) => region.len,
        }
    }

    /// Where the first slot begins.
    pub fn slots_at(&self) -> usize {
        match self {
            Mapping::Surface(_) => 0,
            Mapping::Plain(_) => PAGE,
        }
    }

    /// A word of the page that is not pixels, at a multiple of 8 below `PAGE`.
    pub fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= PAGE, "the header page has no word at {at}");
        let page = match self {
            Mapping::Surface(surface) => surface.length(),
            Mapping::Plain(_) => 0,
        };
        // SAFETY: in bounds (a surface is a page longer than its rows, a region longer than a page), aligned, and only ever
        // used as an atomic by both processes.
        unsafe { AtomicU64::from_ptr(self.ptr().add(page + at).cast()) }
    }

    /// Somebody here is about to write. Twice is harmless.
    pub fn begin_write(&self) -> Result<()> {
        match self {
            Mapping::Surface(surface) => surface.begin_write(),
            Mapping::Plain(_) => Ok(()),
        }
    }

    /// Nobody here writes any more. Twice is harmless.
    pub fn end_write(&self) {
        if let Mapping::Surface(surface) = self {
            surface.end_write();
        }
    }

    /// A frame in it arrived here.
    pub fn begin_read(&self) -> Result<()> {
        match self {
            Mapping::Surface(surface) => surface.begin_read(),
            Mapping::Plain(_) => Ok(()),
        }
    }

    /// So many frames that arrived were let go of.
    pub fn end_read(&self, leases: u32) {
        if let Mapping::Surface(surface) = self {
            surface.end_read(leases);
        }
    }

    /// True while something outside of the leases uses it.
    pub fn in_use(&self) -> bool {
        match self {
            Mapping::Surface(surface) => surface.in_use(),
            Mapping::Plain(_) => false,
        }
    }
}

/// Mapped pages; unmapped when dropped.
#[derive(Debug)]
pub struct Region {
    ptr: NonNull<u8>,
    len: usize,
}

// SAFETY: the pointer names process-wide memory that only `Drop` gives up; what may be read and written when is the caller's
// concern (leases), as with any memory that another process can see.
unsafe impl Send for Region {}
// SAFETY: as above; shared access goes through atomics or through leases.
unsafe impl Sync for Region {}

impl Region {
    fn create(len: usize) -> Result<Self> {
        let ptr =
            shared_pages(len).map_err(|e| BridgeError::io(&format!("no room for {len} bytes of shared memory"), e))?;
        Ok(Self::over(ptr, len))
    }

    fn import(object: &Object) -> Result<Self> {
        let mut start = ptr::null_mut();
        // SAFETY: held, and of the right type.
        let len = unsafe { xpc::xpc_shmem_map(object.raw(), &mut start) };
        let Some(ptr) = NonNull::new(start.cast::<u8>()).filter(|_| len > 0) else {
            return Err(BridgeError::malformed("shared memory that cannot be mapped"));
        };
        let region = Self::over(ptr, len);
        if len <= PAGE {
            return Err(BridgeError::malformed(format!("shared memory of {len} bytes")));
        }
        // The header leaves protection to us: a stray write of ours faults instead of changing the producer's frame.
        // SAFETY: these pages are ours alone, and nothing writes to them.
        unsafe { mprotect(start, len, MprotectFlags::READ) }
            .map_err(|e| BridgeError::io("cannot protect a peer's memory from being written", e))?;
        Ok(region)
    }

    fn over(ptr: NonNull<u8>, len: usize) -> Self {
        counters::mapping_made();
        Self { ptr, len }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        counters::mapping_gone();
        // SAFETY: all views of these pages hold the segment that holds this.
        let _ = unsafe { munmap(self.ptr.as_ptr().cast(), self.len) };
    }
}

#[cfg(not(feature = "macos-shim"))]
fn shared_pages(len: usize) -> std::result::Result<NonNull<u8>, rustix::io::Errno> {
    use rustix::mm::{mmap_anonymous, MapFlags, ProtFlags};
    // SAFETY: a new mapping at an address that the kernel chooses disturbs no other memory.
    let pages = unsafe { mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED) }?;
    NonNull::new(pages.cast()).ok_or(rustix::io::Errno::NOMEM)
}

/// Linux cannot tell what memory an address belongs to, so the test library makes it.
#[cfg(feature = "macos-shim")]
fn shared_pages(len: usize) -> std::result::Result<NonNull<u8>, rustix::io::Errno> {
    NonNull::new(xpc_shim::shared_pages(len).cast()).ok_or(rustix::io::Errno::NOMEM)
}

/// Long bodies need no memory file here: XPC moves them by itself.
pub fn spill(_bytes: &[u8]) -> Result<Handle> {
    Err(BridgeError::value("a body that is longer than a message may be"))
}

pub fn unspill(_handle: &Handle, _len: usize, _into: &mut Vec<u8>) -> Result<()> {
    Err(BridgeError::malformed("a long body in a memory file, which this system does not use"))
}
