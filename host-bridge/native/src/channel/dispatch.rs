//! From libuv's loop into JavaScript.

use std::ptr::null_mut;

use napi_sys::{self as sys, napi_value};

use crate::environment::Environment;
use crate::js::Scope;

/// Runs a batch of callbacks the way node runs its own: in an async context, with ticks and promises run after it.
pub fn in_callback(environment: &Environment, batch: impl FnOnce()) {
    let env = environment.env;
    let Ok(_scope) = Scope::open(env) else { return };
    let opened = environment.installed(|installed| {
        let mut scope = null_mut();
        let (resource, context) = (installed.resource.get(env)?, installed.async_context);
        // SAFETY: resource and context were made by `install`; the scope is closed below, on the same stack.
        env.check(unsafe { sys::napi_open_callback_scope(env.raw(), resource, context, &mut scope) })?;
        Ok(scope)
    });
    let Ok(scope) = opened else { return };
    batch();
    // SAFETY: opened above.
    unsafe { sys::napi_close_callback_scope(env.raw(), scope) };
}

/// Calls a handler of the TypeScript side. Those catch what user code throws; anything else that gets here is reported as an
/// uncaught exception, never swallowed.
pub fn call_back(environment: &Environment, function: napi_value, arguments: &[napi_value]) {
    let env = environment.env;
    if env.call(function, arguments).is_ok() {
        return;
    }
    let mut pending = false;
    let mut error = null_mut();
    // SAFETY: plain calls on the environment of this callback.
    unsafe {
        sys::napi_is_exception_pending(env.raw(), &mut pending);
        // Not pending: the environment is being torn down and runs no more JavaScript.
        if pending && sys::napi_get_and_clear_last_exception(env.raw(), &mut error) == sys::Status::napi_ok {
            sys::napi_fatal_exception(env.raw(), error);
        }
    }
}
