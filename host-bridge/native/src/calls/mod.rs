//! What JavaScript sees: each function here is exported by napi-rs under its name in camel case, with the types that
//! `scripts/lib/addon-types.mjs` writes into `host-bridge/src/native/addon-types.ts`.
//!
//! Calls that take or make values of frames and messages hand the codec a bare `Value`: only a schema knows their types.

mod adopted;
mod border;
mod codec;
mod connections;
mod frames;
mod listeners;
mod per_frame;
mod service;
