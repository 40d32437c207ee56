//! IOSurface: a memory file with the rows, and behind them what the kernel would know about it.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cf::{self, Cf};
use crate::ledger::fault;
use crate::object::{Body, Obj, Raw, Ref};
use crate::shmem;

/// A constant whose value is an address.
#[repr(transparent)]
pub struct Key(*const u8);
// SAFETY: only the address is used.
unsafe impl Sync for Key {}

macro_rules! keys {
    ($($name:ident $n:literal)*) => {
        $(#[no_mangle] pub static $name: Key = Key(ptr::from_ref(&NAMES[$n]));)*
    };
}
static NAMES: [u8; 6] = [0, 1, 2, 3, 4, 5];
keys! {
    kIOSurfaceWidth 0 kIOSurfaceHeight 1 kIOSurfaceBytesPerElement 2 kIOSurfaceBytesPerRow 3 kIOSurfaceAllocSize 4
    kIOSurfacePixelFormat 5
}

const CONTROL: usize = 4096;
const READ_ONLY: u32 = 1;

/// What the kernel knows, shared by all processes that have the surface.
#[repr(C)]
struct Control {
    /// Width, height, bytes of an element, bytes of a row, bytes in all, pixel format.
    numbers: [AtomicU64; 6],
    users: [User; 64],
}

#[repr(C)]
struct User {
    pid: AtomicU32,
    count: AtomicI32,
}

pub struct Surface {
    file: OwnedFd,
    start: *mut u8,
    length: usize,
    locks: Mutex<Locks>,
}

// SAFETY: the memory is shared by design; everything else lies behind a lock.
unsafe impl Send for Surface {}
// SAFETY: as above.
unsafe impl Sync for Surface {}

#[derive(Default)]
struct Locks {
    read: u32,
    write: u32,
    uses: i32,
}

impl Surface {
    fn over(file: OwnedFd) -> Option<Self> {
        let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
        // SAFETY: a valid descriptor, and room for the answer.
        let stat = unsafe {
            if libc::fstat(std::os::fd::AsRawFd::as_raw_fd(&file), stat.as_mut_ptr()) != 0 {
                return None;
            }
            stat.assume_init()
        };
        let length = usize::try_from(stat.st_size).ok().filter(|l| *l > CONTROL)?;
        let start = shmem::map(&file, length).cast::<u8>();
        (!start.is_null()).then(|| Self { file, start, length, locks: Mutex::default() })
    }

    fn control(&self) -> &Control {
        // SAFETY: the last page of the mapping, zeroed when it was made.
        unsafe { &*self.start.add(self.length - CONTROL).cast::<Control>() }
    }

    fn user(&self) -> &User {
        let own = std::process::id();
        let users = &self.control().users;
        let known = users.iter().find(|u| u.pid.load(Ordering::SeqCst) == own);
        known.unwrap_or_else(|| {
            let free = |u: &&User| u.pid.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst).is_ok();
            users.iter().find(free).expect("a surface has at most 64 users here")
        })
    }

    fn locks(&self) -> std::sync::MutexGuard<'_, Locks> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        let locks = self.locks.get_mut().unwrap_or_else(PoisonError::into_inner);
        if locks.read + locks.write > 0 || locks.uses != 0 {
            fault(format!("a surface went with {} locks and a use count of {}", locks.read + locks.write, locks.uses));
        }
        // SAFETY: mapped by `over`.
        unsafe { libc::munmap(self.start.cast(), self.length) };
    }
}

unsafe fn surface<'a>(raw: *mut c_void, doing: &str) -> &'a Surface {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &cf::at(raw.cast_const(), doing).body {
            cf::Body::Surface(surface) => surface,
            _ => {
                eprintln!("xpc-shim: {doing} on what is no surface");
                std::process::abort()
            }
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceCreate(properties: Cf) -> *mut c_void {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let cf::Body::Dictionary(entries) = &cf::at(properties, "IOSurfaceCreate").body else { return ptr::null_mut() };
        let number = |n: usize| {
            let value = entries.iter().find(|(key, _)| *key == ptr::from_ref(&NAMES[n]) as usize)?.1;
            match &cf::at(value, "IOSurfaceCreate").body {
                cf::Body::Number(value) => u64::try_from(*value).ok(),
                _ => None,
            }
        };
        let numbers: Option<Vec<u64>> = (0..NAMES.len()).map(number).collect();
        let Some(numbers) = numbers else { return ptr::null_mut() };
        if numbers[4] < numbers[3] * numbers[1] || numbers[3] < numbers[0] * numbers[2] {
            return ptr::null_mut();
        }
        let length = (numbers[4] as usize).next_multiple_of(CONTROL) + CONTROL;
        let Some(surface) = shmem::memory_file(length).and_then(Surface::over) else { return ptr::null_mut() };
        for (slot, number) in surface.control().numbers.iter().zip(numbers) {
            slot.store(number, Ordering::SeqCst);
        }
        cf::make(cf::Body::Surface(surface)).cast_mut()
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceCreateXPCObject(raw: *mut c_void) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match surface(raw, "IOSurfaceCreateXPCObject").file.try_clone() {
            Ok(file) => Ref::new(Body::Surface(file)).into_raw(),
            Err(_) => ptr::null_mut(),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceLookupFromXPCObject(object: Raw) -> *mut c_void {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let Body::Surface(file) = &Obj::at(object, "IOSurfaceLookupFromXPCObject").body else { return ptr::null_mut() };
        let found = file.try_clone().ok().and_then(Surface::over);
        found.map_or(ptr::null_mut(), |surface| cf::make(cf::Body::Surface(surface)).cast_mut())
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceLock(raw: *mut c_void, options: u32, _seed: *mut u32) -> i32 {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let mut locks = surface(raw, "IOSurfaceLock").locks();
        *(if options & READ_ONLY != 0 { &mut locks.read } else { &mut locks.write }) += 1;
        0
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceUnlock(raw: *mut c_void, options: u32, _seed: *mut u32) -> i32 {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let mut locks = surface(raw, "IOSurfaceUnlock").locks();
        let count = if options & READ_ONLY != 0 { &mut locks.read } else { &mut locks.write };
        if *count == 0 {
            fault("IOSurfaceUnlock without a lock of that kind");
            return -1;
        }
        *count -= 1;
        0
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceGetBaseAddress(raw: *mut c_void) -> *mut c_void {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let surface = surface(raw, "IOSurfaceGetBaseAddress");
        let locks = surface.locks();
        if locks.read + locks.write == 0 {
            fault("IOSurfaceGetBaseAddress of a surface that is not locked");
        }
        surface.start.cast()
    }
}

macro_rules! number {
    ($($name:ident $n:literal $ty:ty)*) => {
        $(#[no_mangle]
        pub unsafe extern "C" fn $name(raw: *mut c_void) -> $ty {
            // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
            let surface = unsafe { surface(raw, stringify!($name)) };
            surface.control().numbers[$n].load(Ordering::SeqCst) as $ty
        })*
    };
}
number! {
    IOSurfaceGetWidth 0 usize IOSurfaceGetHeight 1 usize IOSurfaceGetBytesPerRow 3 usize IOSurfaceGetAllocSize 4 usize
    IOSurfaceGetPixelFormat 5 u32
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceGetPlaneCount(raw: *mut c_void) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        surface(raw, "IOSurfaceGetPlaneCount");
        0
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceIncrementUseCount(raw: *mut c_void) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let surface = surface(raw, "IOSurfaceIncrementUseCount");
        surface.locks().uses += 1;
        surface.user().count.fetch_add(1, Ordering::SeqCst);
    }
}

#[no_mangle]
pub unsafe extern "C" fn IOSurfaceDecrementUseCount(raw: *mut c_void) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let surface = surface(raw, "IOSurfaceDecrementUseCount");
        surface.locks().uses -= 1;
        surface.user().count.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A process that died holds nothing: the kernel takes back what it had.
#[no_mangle]
pub unsafe extern "C" fn IOSurfaceIsInUse(raw: *mut c_void) -> u8 {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let users = &surface(raw, "IOSurfaceIsInUse").control().users;
        let holds = |u: &User| {
            let pid = u.pid.load(Ordering::SeqCst);
            pid != 0 && u.count.load(Ordering::SeqCst) > 0 && libc::kill(pid as i32, 0) == 0
        };
        u8::from(users.iter().any(holds))
    }
}
