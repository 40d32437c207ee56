//! The little of libuv that the addon needs. The node binary exports it; its structs are opaque here and sized at run time,
//! so that the addon works with whichever version of libuv node was built with.

use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::ffi::{c_char, c_int, c_uint, c_void, CStr};
use std::ptr::NonNull;

pub const READABLE: c_int = 1;
pub const WRITABLE: c_int = 2;

const TYPE_POLL: c_uint = 8;
const TYPE_PREPARE: c_uint = 9;
const TYPE_TIMER: c_uint = 13;

#[repr(C)]
pub struct Loop {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct RawHandle {
    _opaque: [u8; 0],
}

type PollCallback = unsafe extern "C" fn(handle: *mut RawHandle, status: c_int, events: c_int);
type Callback = unsafe extern "C" fn(handle: *mut RawHandle);

extern "C" {
    fn uv_handle_size(kind: c_uint) -> usize;
    fn uv_handle_set_data(handle: *mut RawHandle, data: *mut c_void);
    fn uv_handle_get_data(handle: *const RawHandle) -> *mut c_void;
    fn uv_ref(handle: *mut RawHandle);
    fn uv_unref(handle: *mut RawHandle);
    fn uv_close(handle: *mut RawHandle, callback: Option<Callback>);
    fn uv_poll_init(uv: *mut Loop, handle: *mut RawHandle, fd: c_int) -> c_int;
    fn uv_poll_start(handle: *mut RawHandle, events: c_int, callback: PollCallback) -> c_int;
    fn uv_prepare_init(uv: *mut Loop, handle: *mut RawHandle) -> c_int;
    fn uv_prepare_start(handle: *mut RawHandle, callback: Callback) -> c_int;
    fn uv_prepare_stop(handle: *mut RawHandle) -> c_int;
    fn uv_timer_init(uv: *mut Loop, handle: *mut RawHandle) -> c_int;
    fn uv_timer_start(handle: *mut RawHandle, callback: Callback, timeout: u64, repeat: u64) -> c_int;
    fn uv_strerror(code: c_int) -> *const c_char;
}

/// Why libuv refused, in its own words.
pub fn describe(code: c_int) -> String {
    // SAFETY: uv_strerror returns a static or leaked C string for every code.
    unsafe { CStr::from_ptr(uv_strerror(code)) }.to_string_lossy().into_owned()
}

/// What a handle calls. It is dropped when libuv has let go of the handle, which is after `close()` and a turn of the loop.
pub trait Events {
    fn poll(&self, _status: c_int, _events: c_int) {}
    fn prepare(&self) {}
    fn timer(&self) {}
    /// The last call: libuv is done with the handle.
    fn closed(&self) {}
}

/// A uv handle on the heap, owned until `close`, which hands it to libuv for freeing.
pub struct Handle {
    raw: NonNull<RawHandle>,
}

/// Behind the handle's data pointer.
struct Attached {
    events: Box<dyn Events>,
    layout: Layout,
}

impl Handle {
    pub fn poll(uv: *mut Loop, fd: c_int, events: Box<dyn Events>) -> Result<Self, c_int> {
        // SAFETY: `create` gives memory for a handle of this type; the loop lives as long as its environment.
        Self::create(TYPE_POLL, events, |raw| unsafe { uv_poll_init(uv, raw, fd) })
    }

    /// A handle whose `prepare` runs just before the loop waits. It does not keep the process alive.
    pub fn prepare(uv: *mut Loop, events: Box<dyn Events>) -> Result<Self, c_int> {
        // SAFETY: as for `poll`.
        let handle = Self::create(TYPE_PREPARE, events, |raw| unsafe { uv_prepare_init(uv, raw) })?;
        handle.keep_alive(false);
        Ok(handle)
    }

    /// A handle whose `timer` runs once, some time after it was started. It does not keep the process alive.
    pub fn timer(uv: *mut Loop, events: Box<dyn Events>) -> Result<Self, c_int> {
        // SAFETY: as for `poll`.
        let handle = Self::create(TYPE_TIMER, events, |raw| unsafe { uv_timer_init(uv, raw) })?;
        handle.keep_alive(false);
        Ok(handle)
    }

    fn create(
        kind: c_uint,
        events: Box<dyn Events>,
        init: impl FnOnce(*mut RawHandle) -> c_int,
    ) -> Result<Self, c_int> {
        // SAFETY: the layout is not empty; libuv initialises the memory; the data pointer is ours until `on_closed`.
        unsafe {
            let layout = Layout::from_size_align(uv_handle_size(kind), 16).map_err(|_| -libc::EINVAL)?;
            let Some(raw) = NonNull::new(alloc_zeroed(layout).cast::<RawHandle>()) else { handle_alloc_error(layout) };
            let code = init(raw.as_ptr());
            if code != 0 {
                dealloc(raw.as_ptr().cast(), layout);
                return Err(code);
            }
            let attached = Box::new(Attached { events, layout });
            uv_handle_set_data(raw.as_ptr(), Box::into_raw(attached).cast());
            Ok(Self { raw })
        }
    }

    pub fn start_poll(&self, events: c_int) -> Result<(), c_int> {
        // SAFETY: `raw` is an initialised poll handle, not closed (closing consumes self).
        check(unsafe { uv_poll_start(self.raw.as_ptr(), events, on_poll) })
    }

    pub fn start_prepare(&self) {
        // SAFETY: as above, a prepare handle; starting a started one does nothing.
        unsafe { uv_prepare_start(self.raw.as_ptr(), on_prepare) };
    }

    pub fn stop_prepare(&self) {
        // SAFETY: as above.
        unsafe { uv_prepare_stop(self.raw.as_ptr()) };
    }

    /// One that runs already starts anew.
    pub fn start_timer(&self, milliseconds: u64) {
        // SAFETY: as above, a timer handle.
        unsafe { uv_timer_start(self.raw.as_ptr(), on_timer, milliseconds, 0) };
    }

    pub fn keep_alive(&self, keep: bool) {
        // SAFETY: as above.
        unsafe {
            if keep {
                uv_ref(self.raw.as_ptr());
            } else {
                uv_unref(self.raw.as_ptr());
            }
        }
    }

    /// Stops at once (the descriptor may be closed right after); memory is freed when libuv is done with it.
    pub fn close(self) {
        // SAFETY: closing consumes the handle, so it happens once.
        unsafe { uv_close(self.raw.as_ptr(), Some(on_closed)) };
    }
}

fn check(code: c_int) -> Result<(), c_int> {
    if code == 0 {
        Ok(())
    } else {
        Err(code)
    }
}

// A panic must not unwind into libuv. The handlers below are written not to panic; should one, the process is in an
// unknown state and ends, which `extern "C"` does by itself.

/// # Safety
/// `handle` was made by `Handle::create` and has not been given to `on_closed`.
unsafe fn events<'a>(handle: *mut RawHandle) -> &'a dyn Events {
    // SAFETY: as the contract above says, its data pointer is what `create` put there, and `on_closed` alone frees it.
    unsafe { &*(*uv_handle_get_data(handle).cast::<Attached>()).events }
}

/// # Safety
/// As for `events`: libuv calls this for handles that are open only.
unsafe extern "C" fn on_poll(handle: *mut RawHandle, status: c_int, what: c_int) {
    // SAFETY: as the contract above says.
    unsafe { events(handle) }.poll(status, what);
}

/// # Safety
/// As for `on_poll`.
unsafe extern "C" fn on_prepare(handle: *mut RawHandle) {
    // SAFETY: as the contract above says.
    unsafe { events(handle) }.prepare();
}

/// # Safety
/// As for `on_poll`.
unsafe extern "C" fn on_timer(handle: *mut RawHandle) {
    // SAFETY: as the contract above says.
    unsafe { events(handle) }.timer();
}

/// # Safety
/// `handle` was made by `Handle::create`; libuv calls this once, and nothing with the handle afterwards.
unsafe extern "C" fn on_closed(handle: *mut RawHandle) {
    // SAFETY: as the contract above says, both allocations are those of `create`, and are freed here alone.
    let events = unsafe {
        let attached = Box::from_raw(uv_handle_get_data(handle).cast::<Attached>());
        dealloc(handle.cast(), attached.layout);
        attached.events
    };
    events.closed();
}
