//! What a service manager hands over, and what is reported to it. Only on Linux does one do so by descriptors.

use napi_derive::napi;

use super::border::{call, Count, NativeId, Text};
use crate::channel::listener::PolledListener;
use crate::js::{Failure, Result};

fn descriptor(fd: Count) -> Result<i32> {
    i32::try_from(fd.0).map_err(|_| Failure::new("value", "that is no descriptor"))
}

/// A listener that the service manager opened.
#[napi]
pub fn listener_adopt(env: napi::Env, #[napi(ts_arg_type = "number")] fd: Count) -> napi::Result<NativeId> {
    call(env, |state| {
        let listener = PolledListener::new(system::adopt_listener(descriptor(fd)?)?);
        NativeId::made(state.listeners.borrow_mut().insert(listener))
    })
}

/// An endpoint that the service manager kept.
#[napi]
pub fn endpoint_adopt(env: napi::Env, #[napi(ts_arg_type = "number")] fd: Count) -> napi::Result<NativeId> {
    call(env, |state| {
        let endpoint = system::adopt_endpoint(descriptor(fd)?)?;
        NativeId::made(state.environment.endpoints.borrow_mut().insert(endpoint))
    })
}

/// True for a listening socket of the kind that connections are made of.
#[napi]
pub fn is_message_listener(env: napi::Env, #[napi(ts_arg_type = "number")] fd: Count) -> napi::Result<bool> {
    call(env, |_| Ok(system::is_message_listener(descriptor(fd)?)))
}

/// Tells the service manager a state, and has it keep an endpoint; null: nothing to keep.
#[napi]
pub fn service_notify(
    env: napi::Env,
    #[napi(ts_arg_type = "string")] address: Text,
    #[napi(ts_arg_type = "string")] state: Text,
    #[napi(ts_arg_type = "NativeId | null")] endpoint: Option<NativeId>,
) -> napi::Result<()> {
    let text = state;
    call(env, |state| {
        let endpoints = state.environment.endpoints.borrow();
        let kept = match endpoint {
            Some(id) => vec![endpoints.get(id.0).ok_or_else(|| Failure::closed("Endpoint"))?],
            None => vec![],
        };
        system::notify(&address.0, &text.0, &kept)
    })
}

#[cfg(all(target_os = "linux", not(feature = "macos-shim")))]
mod system {
    use std::path::Path;

    use streamlib_bridge::sys::endpoint::{Endpoint, Listener};
    use streamlib_bridge::sys::service_manager;

    use crate::js::Result;

    pub fn adopt_listener(fd: i32) -> Result<Listener> {
        Ok(service_manager::adopt_listener(fd)?)
    }

    pub fn adopt_endpoint(fd: i32) -> Result<Endpoint> {
        Ok(service_manager::adopt_endpoint(fd)?)
    }

    pub fn is_message_listener(fd: i32) -> bool {
        service_manager::is_message_listener(fd)
    }

    pub fn notify(address: &str, state: &str, kept: &[&Endpoint]) -> Result<()> {
        Ok(service_manager::notify(Path::new(address), state, kept)?)
    }
}

#[cfg(any(not(target_os = "linux"), feature = "macos-shim"))]
mod system {
    use streamlib_bridge::sys::endpoint::{Endpoint, Listener};

    use crate::js::{Failure, Result};

    fn refused<T>() -> Result<T> {
        Err(Failure::new("io", "this system's service manager hands over no descriptors"))
    }

    pub fn adopt_listener(_fd: i32) -> Result<Listener> {
        refused()
    }

    pub fn adopt_endpoint(_fd: i32) -> Result<Endpoint> {
        refused()
    }

    pub fn is_message_listener(_fd: i32) -> bool {
        false
    }

    pub fn notify(_address: &str, _state: &str, _kept: &[&Endpoint]) -> Result<()> {
        refused()
    }
}
