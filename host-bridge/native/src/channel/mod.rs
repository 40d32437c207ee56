//! Connections and listeners on libuv's loop.

pub mod connection;
mod dispatch;
pub mod listener;
