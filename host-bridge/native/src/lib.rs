//! The Node addon over `streamlib-bridge`: endpoints, connections and shared frames for JavaScript.
//!
//! Sockets are read on libuv's own loop: a thread of our own would cost a hop for each message, which is more than the
//! message. Everything here therefore runs on the thread of its environment (the main one, or a worker's), and nothing
//! is locked that JavaScript could ask for again while it is called back.

#![cfg(unix)]
// napi-rs registers the exports in builds for node only, so in those for tests nothing calls them.
#![cfg_attr(test, allow(dead_code))]

mod calls;
mod channel;
mod codec;
mod environment;
mod handles;
mod js;
mod pixels;
mod state;
mod table;
mod uv;

/// The version of Node-API that the addon was written for; newer nodes keep its behaviour.
#[no_mangle]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    8
}
