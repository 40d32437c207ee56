//! The floor of the benchmark: what a frame costs when nothing but the mechanism is there. Frames lie in one mapped
//! memory file; eight bytes over a `SOCK_SEQPACKET` pair say which slot is full; libuv's own loop wakes for the answer.
//! No graph, no schema, no leases, no checks: whatever the product takes beyond this is the price of the product.

mod node_api;

use node_api::*;
use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::ffi::{c_int, c_void, CStr};
use std::ptr::{null, null_mut};

const ALIGN: usize = 16;

/// One watched socket. Freed when libuv says that its handle is closed.
struct Watch {
    env: Env,
    callback: Reference,
    fd: c_int,
    handle: *mut c_void,
}

unsafe fn arguments<const N: usize>(env: Env, info: CallbackInfo) -> [Value; N] {
    // SAFETY: `info` is that of the running call, and there is room for `N` values.
    unsafe {
        let mut values = [null_mut(); N];
        let mut count = N;
        napi_get_cb_info(env, info, &mut count, values.as_mut_ptr(), null_mut(), null_mut());
        values
    }
}

unsafe fn double(env: Env, value: Value) -> f64 {
    // SAFETY: `value` is of the running call.
    unsafe {
        let mut number = 0.0;
        napi_get_value_double(env, value, &mut number);
        number
    }
}

unsafe fn number(env: Env, value: f64) -> Value {
    // SAFETY: `env` is that of the running call.
    unsafe {
        let mut out = null_mut();
        napi_create_double(env, value, &mut out);
        out
    }
}

unsafe fn throw(env: Env, message: &CStr) -> Value {
    // SAFETY: `env` is that of the running call; the message ends with NUL.
    unsafe {
        napi_throw_error(env, null(), message.as_ptr());
        null_mut()
    }
}

unsafe extern "C" fn unmap(_env: Env, data: *mut c_void, length: *mut c_void) {
    // SAFETY: Node gives back the address and the length that `map` gave it, once.
    unsafe {
        libc::munmap(data, length as usize);
    }
}

/// `map(bytes)` gives `{ fd, memory }`: a new memory file, mapped with all its pages present.
unsafe extern "C" fn map(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [bytes] = arguments(env, info);
        let length = double(env, bytes) as usize;
        let fd = libc::memfd_create(c"streamlib-bench-floor".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 || libc::ftruncate(fd, length as libc::off_t) != 0 {
            return throw(env, c"the floor cannot make a memory file of this size");
        }
        let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
        let memory = libc::mmap(null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, fd, 0);
        if memory == libc::MAP_FAILED {
            return throw(env, c"the floor cannot map its memory file");
        }
        let (mut buffer, mut object) = (null_mut(), null_mut());
        if napi_create_external_arraybuffer(env, memory, length, Some(unmap), length as *mut c_void, &mut buffer) != OK
        {
            return throw(env, c"this Node allows no array buffer over foreign memory");
        }
        napi_create_object(env, &mut object);
        napi_set_named_property(env, object, c"fd".as_ptr(), number(env, f64::from(fd)));
        napi_set_named_property(env, object, c"memory".as_ptr(), buffer);
        object
    }
}

/// `pair()` gives `[ours, theirs]`; ours does not block and is not inherited.
unsafe extern "C" fn pair(env: Env, _info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let mut fds = [0; 2];
        let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
        if libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) != 0 {
            return throw(env, c"the floor cannot make a pair of sockets");
        }
        libc::fcntl(fds[0], libc::F_SETFL, libc::O_NONBLOCK);
        let mut array = null_mut();
        napi_create_array(env, &mut array);
        for (index, fd) in fds.iter().enumerate() {
            napi_set_element(env, array, index as u32, number(env, f64::from(*fd)));
        }
        array
    }
}

unsafe extern "C" fn readable(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: libuv calls this for a watched handle, whose data is the `Watch` that `watch` put there.
    unsafe {
        let watch = &*(uv_handle_get_data(handle) as *const Watch);
        let env = watch.env;
        let mut scope = null_mut();
        napi_open_handle_scope(env, &mut scope);
        let (mut callback, mut global) = (null_mut(), null_mut());
        napi_get_reference_value(env, watch.callback, &mut callback);
        napi_get_global(env, &mut global);
        let mut message = 0u64;
        while libc::recv(watch.fd, (&raw mut message).cast(), 8, libc::MSG_DONTWAIT) == 8 {
            let argument = number(env, message as f64);
            if napi_call_function(env, global, callback, 1, &argument, null_mut()) != OK {
                let mut error = null_mut();
                napi_get_and_clear_last_exception(env, &mut error);
                napi_fatal_exception(env, error);
                break;
            }
        }
        napi_close_handle_scope(env, scope);
    }
}

/// `watch(fd, callback)` calls back with each message, on libuv's own loop, until `unwatch`.
unsafe extern "C" fn watch(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [fd, callback] = arguments(env, info);
        let (mut event_loop, mut reference, mut out) = (null_mut(), null_mut(), null_mut());
        napi_get_uv_event_loop(env, &mut event_loop);
        napi_create_reference(env, callback, 1, &mut reference);
        let handle: *mut c_void = alloc_zeroed(poll_layout()).cast();
        let fd = double(env, fd) as c_int;
        let watch = Box::into_raw(Box::new(Watch { env, callback: reference, fd, handle }));
        uv_handle_set_data(handle, watch.cast());
        if uv_poll_init(event_loop, handle, fd) != 0 || uv_poll_start(handle, UV_READABLE, readable) != 0 {
            return throw(env, c"libuv does not watch this socket");
        }
        napi_create_external(env, watch.cast(), None, null_mut(), &mut out);
        out
    }
}

unsafe extern "C" fn closed(handle: *mut c_void) {
    // SAFETY: libuv calls this once, and does nothing with the handle afterwards.
    unsafe {
        drop(Box::from_raw(uv_handle_get_data(handle) as *mut Watch));
        dealloc(handle.cast(), poll_layout());
    }
}

/// `unwatch(watch)` ends the watching and closes the socket. Once only.
unsafe extern "C" fn unwatch(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [external] = arguments(env, info);
        let mut data = null_mut();
        napi_get_value_external(env, external, &mut data);
        let watch = &*(data as *const Watch);
        uv_poll_stop(watch.handle);
        libc::close(watch.fd);
        napi_delete_reference(env, watch.callback);
        uv_close(watch.handle, closed);
        null_mut()
    }
}

/// `send(fd, number)` gives whether the socket took it.
unsafe extern "C" fn send(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [fd, value] = arguments(env, info);
        let message = double(env, value) as u64;
        let sent = libc::send(double(env, fd) as c_int, (&raw const message).cast(), 8, libc::MSG_NOSIGNAL);
        number(env, sent as f64)
    }
}

unsafe extern "C" fn close(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [fd] = arguments(env, info);
        libc::close(double(env, fd) as c_int);
        null_mut()
    }
}

const PAGE: usize = 4096;

/// The bytes of a `Uint8Array`; empty when it is none.
unsafe fn bytes_of<'a>(env: Env, array: Value) -> &'a mut [u8] {
    // SAFETY: the bytes live as long as the array, which the running call holds.
    unsafe {
        let (mut length, mut data) = (0, null_mut());
        let status = napi_get_typedarray_info(env, array, null_mut(), &mut length, &mut data, null_mut(), null_mut());
        if status != OK || data.is_null() {
            return &mut [];
        }
        std::slice::from_raw_parts_mut(data.cast(), length)
    }
}

/// `touchWrite(frame, value)` writes one byte into each page. Native, so that no compiler of JavaScript treats one
/// kind of memory better than another: what is left between product and floor is the mechanism.
unsafe extern "C" fn touch_write(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [frame, value] = arguments(env, info);
        let value = double(env, value) as u8;
        for byte in bytes_of(env, frame).iter_mut().step_by(PAGE) {
            std::ptr::write_volatile(byte, value);
        }
        null_mut()
    }
}

/// `touchRead(frame)` gives the sum of one byte of each page.
unsafe extern "C" fn touch_read(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [frame] = arguments(env, info);
        let mut sum = 0u64;
        for byte in bytes_of(env, frame).iter().step_by(PAGE) {
            sum += u64::from(std::ptr::read_volatile(byte));
        }
        number(env, sum as f64)
    }
}

/// `pin(thread, cpus)` lets a thread run only on the CPUs of this bit mask; gives whether the kernel agreed.
unsafe extern "C" fn pin(env: Env, info: CallbackInfo) -> Value {
    // SAFETY: Node calls this with an environment, and with arguments that live for the call.
    unsafe {
        let [thread, cpus] = arguments(env, info);
        let mask = double(env, cpus) as u64;
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in (0..64).filter(|cpu| mask & (1 << cpu) != 0) {
            libc::CPU_SET(cpu, &mut set);
        }
        let result = libc::sched_setaffinity(double(env, thread) as c_int, size_of::<libc::cpu_set_t>(), &set);
        number(env, f64::from(u8::from(result == 0)))
    }
}

fn poll_layout() -> Layout {
    // The size comes from the libuv that is running, so no header can disagree with it.
    // SAFETY: a plain question, of a type that libuv knows.
    let size = unsafe { uv_handle_size(UV_POLL) };
    Layout::from_size_align(size, ALIGN).expect("libuv tells the size of its own handle")
}

/// Found by Node under this name when the addon is loaded.
///
/// # Safety
/// Called by Node only, with an environment and an object that are valid for the call.
#[no_mangle]
pub unsafe extern "C" fn napi_register_module_v1(env: Env, exports: Value) -> Value {
    // SAFETY: as the contract above says.
    unsafe {
        let functions: [(&CStr, Callback); 9] = [
            (c"map", map),
            (c"pair", pair),
            (c"watch", watch),
            (c"unwatch", unwatch),
            (c"send", send),
            (c"close", close),
            (c"touchWrite", touch_write),
            (c"touchRead", touch_read),
            (c"pin", pin),
        ];
        for (name, function) in functions {
            let mut value = null_mut();
            napi_create_function(env, name.as_ptr(), name.count_bytes(), function, null_mut(), &mut value);
            napi_set_named_property(env, exports, name.as_ptr(), value);
        }
        exports
    }
}
