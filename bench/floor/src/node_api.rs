//! The part of Node-API and libuv that the floor uses, declared by hand: no headers of Node are needed to build it.
//! All of these are exported by the `node` executable itself and resolved when the addon is loaded.

use std::ffi::{c_char, c_int, c_void};

pub type Env = *mut c_void;
pub type Value = *mut c_void;
pub type CallbackInfo = *mut c_void;
pub type Reference = *mut c_void;
pub type HandleScope = *mut c_void;
pub type Status = c_int;
pub type Callback = unsafe extern "C" fn(Env, CallbackInfo) -> Value;
pub type Finalize = unsafe extern "C" fn(Env, *mut c_void, *mut c_void);

pub const OK: Status = 0;

extern "C" {
    pub fn napi_create_function(
        env: Env,
        name: *const c_char,
        length: usize,
        callback: Callback,
        data: *mut c_void,
        out: *mut Value,
    ) -> Status;
    pub fn napi_set_named_property(env: Env, object: Value, name: *const c_char, value: Value) -> Status;
    pub fn napi_create_object(env: Env, out: *mut Value) -> Status;
    pub fn napi_create_array(env: Env, out: *mut Value) -> Status;
    pub fn napi_set_element(env: Env, array: Value, index: u32, value: Value) -> Status;
    pub fn napi_create_double(env: Env, value: f64, out: *mut Value) -> Status;
    pub fn napi_get_value_double(env: Env, value: Value, out: *mut f64) -> Status;
    pub fn napi_get_cb_info(
        env: Env,
        info: CallbackInfo,
        argc: *mut usize,
        argv: *mut Value,
        this: *mut Value,
        data: *mut *mut c_void,
    ) -> Status;
    pub fn napi_create_external_arraybuffer(
        env: Env,
        data: *mut c_void,
        length: usize,
        finalize: Option<Finalize>,
        hint: *mut c_void,
        out: *mut Value,
    ) -> Status;
    pub fn napi_get_typedarray_info(
        env: Env,
        array: Value,
        kind: *mut c_int,
        length: *mut usize,
        data: *mut *mut c_void,
        buffer: *mut Value,
        offset: *mut usize,
    ) -> Status;
    pub fn napi_create_external(
        env: Env,
        data: *mut c_void,
        finalize: Option<Finalize>,
        hint: *mut c_void,
        out: *mut Value,
    ) -> Status;
    pub fn napi_get_value_external(env: Env, value: Value, out: *mut *mut c_void) -> Status;
    pub fn napi_create_reference(env: Env, value: Value, count: u32, out: *mut Reference) -> Status;
    pub fn napi_get_reference_value(env: Env, reference: Reference, out: *mut Value) -> Status;
    pub fn napi_delete_reference(env: Env, reference: Reference) -> Status;
    pub fn napi_get_global(env: Env, out: *mut Value) -> Status;
    pub fn napi_call_function(
        env: Env,
        this: Value,
        function: Value,
        argc: usize,
        argv: *const Value,
        out: *mut Value,
    ) -> Status;
    pub fn napi_open_handle_scope(env: Env, out: *mut HandleScope) -> Status;
    pub fn napi_close_handle_scope(env: Env, scope: HandleScope) -> Status;
    pub fn napi_throw_error(env: Env, code: *const c_char, message: *const c_char) -> Status;
    pub fn napi_get_uv_event_loop(env: Env, out: *mut *mut c_void) -> Status;
    pub fn napi_get_and_clear_last_exception(env: Env, out: *mut Value) -> Status;
    pub fn napi_fatal_exception(env: Env, error: Value) -> Status;
}

pub type PollCallback = unsafe extern "C" fn(*mut c_void, c_int, c_int);
pub type CloseCallback = unsafe extern "C" fn(*mut c_void);

/// `UV_POLL` in libuv's `uv_handle_type`; part of its ABI since 1.0.
pub const UV_POLL: c_int = 8;
pub const UV_READABLE: c_int = 1;

extern "C" {
    pub fn uv_handle_size(kind: c_int) -> usize;
    pub fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    pub fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    pub fn uv_poll_init(event_loop: *mut c_void, handle: *mut c_void, fd: c_int) -> c_int;
    pub fn uv_poll_start(handle: *mut c_void, events: c_int, callback: PollCallback) -> c_int;
    pub fn uv_poll_stop(handle: *mut c_void) -> c_int;
    pub fn uv_close(handle: *mut c_void, callback: CloseCallback);
}
