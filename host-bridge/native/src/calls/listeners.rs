//! Endpoints and listeners.

use std::path::Path;

use napi_derive::napi;
use streamlib_bridge::sys::endpoint::Listener;

use super::border::{call, Flag, NativeId, Text};
use crate::channel::listener::PolledListener;
use crate::js::{Failure, Value};

#[napi]
pub fn endpoint_close(env: napi::Env, endpoint: NativeId) -> napi::Result<()> {
    call(env, |state| {
        let endpoint = state.environment.endpoints.borrow_mut().remove(endpoint.0);
        drop(endpoint.ok_or_else(|| Failure::closed("Endpoint"))?);
        Ok(())
    })
}

/// A listener that only its endpoints lead to.
#[napi]
pub fn listener_anonymous(env: napi::Env) -> napi::Result<NativeId> {
    call(env, |state| {
        let listener = PolledListener::new(Listener::anonymous()?);
        NativeId::made(state.listeners.borrow_mut().insert(listener))
    })
}

/// A listener at a path.
#[napi]
pub fn listener_named(env: napi::Env, #[napi(ts_arg_type = "string")] path: Text) -> napi::Result<NativeId> {
    call(env, |state| {
        let listener = PolledListener::new(Listener::named(Path::new(&path.0))?);
        NativeId::made(state.listeners.borrow_mut().insert(listener))
    })
}

#[napi]
pub fn listener_endpoint(env: napi::Env, listener: NativeId) -> napi::Result<NativeId> {
    call(env, |state| {
        let endpoint = state.listener(listener.0)?.endpoint()?;
        NativeId::made(state.environment.endpoints.borrow_mut().insert(endpoint))
    })
}

/// After `onRefused` it accepts no more until `listenerResume`.
#[napi]
pub fn listener_start(
    env: napi::Env,
    listener: NativeId,
    #[napi(ts_arg_type = "(connection: NativeId) => void")] on_connection: Value,
    #[napi(ts_arg_type = "(why: string) => void")] on_refused: Value,
) -> napi::Result<()> {
    call(env, |state| {
        let listener = state.listener(listener.0)?;
        listener.start(&state.environment, &state.connections, on_connection.0, on_refused.0)
    })
}

#[napi]
pub fn listener_resume(env: napi::Env, listener: NativeId) -> napi::Result<()> {
    call(env, |state| state.listener(listener.0)?.resume())
}

/// Whether it keeps the process alive.
#[napi]
pub fn listener_keep_alive(
    env: napi::Env,
    listener: NativeId,
    #[napi(ts_arg_type = "boolean")] keep: Flag,
) -> napi::Result<()> {
    call(env, |state| {
        state.listener(listener.0)?.keep_alive(keep.0);
        Ok(())
    })
}

#[napi]
pub fn listener_close(env: napi::Env, listener: NativeId) -> napi::Result<()> {
    call(env, |state| {
        let listener = state.listeners.borrow_mut().remove(listener.0);
        listener.ok_or_else(|| Failure::closed("Listener"))?.close();
        Ok(())
    })
}
