//! What a service manager hands over, and what it is told. Only on Linux does one do so by descriptors.

use napi_sys::napi_value;

use crate::js::{Args, Result};
use crate::state::State;

#[cfg(all(target_os = "linux", not(feature = "macos-shim")))]
mod systemd {
    use std::path::Path;

    use streamlib_bridge::sys::service_manager;

    use super::{napi_value, Args, Result, State};
    use crate::channel::listener::add;
    use crate::js::{Failure, Kind};

    fn descriptor(args: &Args) -> Result<i32> {
        i32::try_from(args.unsigned(0)?).map_err(|_| Failure::new("value", "that is no descriptor"))
    }

    pub fn listener(state: &State, args: &Args) -> Result<napi_value> {
        add(state, args, service_manager::adopt_listener(descriptor(args)?)?)
    }

    pub fn endpoint(state: &State, args: &Args) -> Result<napi_value> {
        let endpoint = service_manager::adopt_endpoint(descriptor(args)?)?;
        args.new_id(state.endpoints.borrow_mut().insert(endpoint))
    }

    pub fn is_message_listener(_: &State, args: &Args) -> Result<napi_value> {
        args.env.boolean(service_manager::is_message_listener(descriptor(args)?))
    }

    pub fn notify(state: &State, args: &Args) -> Result<napi_value> {
        let (address, text) = (args.string(0)?, args.string(1)?);
        let endpoints = state.endpoints.borrow();
        let kept = if args.env.kind(args.value(2))? == Kind::Number {
            vec![endpoints.get(args.id(2)?).ok_or_else(|| Failure::closed("Endpoint"))?]
        } else {
            vec![]
        };
        service_manager::notify(Path::new(&address), &text, &kept)?;
        args.env.undefined()
    }
}

#[cfg(all(target_os = "linux", not(feature = "macos-shim")))]
pub use systemd::{endpoint, is_message_listener, listener, notify};

#[cfg(any(not(target_os = "linux"), feature = "macos-shim"))]
mod none {
    use super::{napi_value, Args, Result, State};
    use crate::js::Failure;

    fn refused() -> Result<napi_value> {
        Err(Failure::new("io", "this system's service manager hands over no descriptors"))
    }

    pub fn listener(_: &State, _: &Args) -> Result<napi_value> {
        refused()
    }

    pub fn endpoint(_: &State, _: &Args) -> Result<napi_value> {
        refused()
    }

    pub fn is_message_listener(_: &State, args: &Args) -> Result<napi_value> {
        args.env.boolean(false)
    }

    pub fn notify(_: &State, _: &Args) -> Result<napi_value> {
        refused()
    }
}

#[cfg(any(not(target_os = "linux"), feature = "macos-shim"))]
pub use none::{endpoint, is_message_listener, listener, notify};
