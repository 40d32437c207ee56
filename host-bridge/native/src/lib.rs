//! The Node addon over `streamlib-bridge`: endpoints, connections and shared frames for JavaScript.
//!
//! Sockets are read on libuv's own loop: a thread of our own would cost a hop for each message, which is more than the
//! message. Everything here therefore runs on the thread of its environment (the main one, or a worker's), and nothing
//! is locked that JavaScript could ask for again while it is called back.

#![cfg(unix)]

mod channel;
mod codec;
mod exports;
mod js;
mod memory;
mod service;
mod state;
mod table;
mod uv;

use napi_sys::{napi_env, napi_value};

/// The version of Node-API that the addon was written for; newer nodes keep its behaviour.
#[no_mangle]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    8
}

/// # Safety
/// Called by node, once for each environment that loads the addon.
#[no_mangle]
pub unsafe extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    exports::register(js::Env::new(env), exports);
    exports
}
