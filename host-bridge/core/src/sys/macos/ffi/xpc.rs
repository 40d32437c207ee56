//! XPC. One declaration a line or a block; the script that compares them with Apple's header reads this file.

#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_int, c_void};

use block2::Block;

/// All are pointers to opaque objects; C tells them apart by name only, and so do these.
pub type xpc_object_t = *mut c_void;
pub type xpc_connection_t = *mut c_void;
pub type xpc_endpoint_t = *mut c_void;
pub type xpc_type_t = *const c_void;
pub type dispatch_queue_t = *mut c_void;
pub type xpc_handler_t = *mut Block<dyn Fn(xpc_object_t)>;
/// A C `bool` is one byte of 0 or 1 in the same register; `block2` has no `bool` that means the same on both processors.
pub type xpc_dictionary_applier_t = *mut Block<dyn Fn(*const c_char, xpc_object_t) -> u8>;
pub type dispatch_block_t = *mut Block<dyn Fn()>;
pub type uid_t = u32;
pub type pid_t = i32;

pub const XPC_CONNECTION_MACH_SERVICE_LISTENER: u64 = 1 << 0;

/// A struct of the system of which only the address matters.
#[repr(C)]
pub struct Opaque([u8; 0]);

extern "C" {
    pub static _xpc_type_connection: Opaque;
    pub static _xpc_type_endpoint: Opaque;
    pub static _xpc_type_null: Opaque;
    pub static _xpc_type_bool: Opaque;
    pub static _xpc_type_int64: Opaque;
    pub static _xpc_type_uint64: Opaque;
    pub static _xpc_type_double: Opaque;
    pub static _xpc_type_data: Opaque;
    pub static _xpc_type_string: Opaque;
    pub static _xpc_type_shmem: Opaque;
    pub static _xpc_type_array: Opaque;
    pub static _xpc_type_dictionary: Opaque;
    pub static _xpc_type_error: Opaque;
    pub static _xpc_error_connection_interrupted: Opaque;

    pub fn xpc_retain(object: xpc_object_t) -> xpc_object_t;
    pub fn xpc_release(object: xpc_object_t);
    pub fn xpc_get_type(object: xpc_object_t) -> xpc_type_t;

    pub fn xpc_null_create() -> xpc_object_t;
    pub fn xpc_bool_create(value: bool) -> xpc_object_t;
    pub fn xpc_bool_get_value(xbool: xpc_object_t) -> bool;
    pub fn xpc_int64_create(value: i64) -> xpc_object_t;
    pub fn xpc_int64_get_value(xint: xpc_object_t) -> i64;
    pub fn xpc_uint64_create(value: u64) -> xpc_object_t;
    pub fn xpc_uint64_get_value(xuint: xpc_object_t) -> u64;
    pub fn xpc_double_create(value: f64) -> xpc_object_t;
    pub fn xpc_double_get_value(xdouble: xpc_object_t) -> f64;
    pub fn xpc_data_create(bytes: *const c_void, length: usize) -> xpc_object_t;
    pub fn xpc_data_get_length(xdata: xpc_object_t) -> usize;
    pub fn xpc_data_get_bytes_ptr(xdata: xpc_object_t) -> *const c_void;
    pub fn xpc_string_create(string: *const c_char) -> xpc_object_t;
    pub fn xpc_string_get_length(xstring: xpc_object_t) -> usize;
    pub fn xpc_string_get_string_ptr(xstring: xpc_object_t) -> *const c_char;

    pub fn xpc_array_create(objects: *const xpc_object_t, count: usize) -> xpc_object_t;
    pub fn xpc_array_append_value(xarray: xpc_object_t, value: xpc_object_t);
    pub fn xpc_array_get_count(xarray: xpc_object_t) -> usize;
    pub fn xpc_array_get_value(xarray: xpc_object_t, index: usize) -> xpc_object_t;

    pub fn xpc_dictionary_create(keys: *const *const c_char, values: *const xpc_object_t, count: usize)
        -> xpc_object_t;
    pub fn xpc_dictionary_create_reply(original: xpc_object_t) -> xpc_object_t;
    pub fn xpc_dictionary_set_value(xdict: xpc_object_t, key: *const c_char, value: xpc_object_t);
    pub fn xpc_dictionary_get_value(xdict: xpc_object_t, key: *const c_char) -> xpc_object_t;
    pub fn xpc_dictionary_get_count(xdict: xpc_object_t) -> usize;
    pub fn xpc_dictionary_apply(xdict: xpc_object_t, applier: xpc_dictionary_applier_t) -> bool;

    pub fn xpc_shmem_create(region: *mut c_void, length: usize) -> xpc_object_t;
    pub fn xpc_shmem_map(xshmem: xpc_object_t, region: *mut *mut c_void) -> usize;

    pub fn xpc_endpoint_create(connection: xpc_connection_t) -> xpc_endpoint_t;

    pub fn xpc_connection_create(name: *const c_char, targetq: dispatch_queue_t) -> xpc_connection_t;
    pub fn xpc_connection_create_mach_service(
        name: *const c_char,
        targetq: dispatch_queue_t,
        flags: u64,
    ) -> xpc_connection_t;
    pub fn xpc_connection_create_from_endpoint(endpoint: xpc_endpoint_t) -> xpc_connection_t;
    pub fn xpc_connection_set_event_handler(connection: xpc_connection_t, handler: xpc_handler_t);
    pub fn xpc_connection_activate(connection: xpc_connection_t);
    pub fn xpc_connection_send_message(connection: xpc_connection_t, message: xpc_object_t);
    pub fn xpc_connection_send_message_with_reply(
        connection: xpc_connection_t,
        message: xpc_object_t,
        replyq: dispatch_queue_t,
        handler: xpc_handler_t,
    );
    pub fn xpc_connection_send_barrier(connection: xpc_connection_t, barrier: dispatch_block_t);
    pub fn xpc_connection_cancel(connection: xpc_connection_t);
    pub fn xpc_connection_get_euid(connection: xpc_connection_t) -> uid_t;
    pub fn xpc_connection_get_pid(connection: xpc_connection_t) -> pid_t;
    pub fn xpc_connection_set_peer_code_signing_requirement(
        connection: xpc_connection_t,
        requirement: *const c_char,
    ) -> c_int;
}
