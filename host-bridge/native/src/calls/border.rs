//! The way in for every call, and the types of arguments that JavaScript has no names for.

use std::panic::{catch_unwind, AssertUnwindSafe};

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi_sys::{napi_env, napi_value};

use crate::js::{panic_message, Env, Failure, Result};
use crate::state::State;

/// Runs a call on the state of its environment. Neither a failure nor a panic leaves as anything but a `BridgeError`.
pub fn call<T>(env: napi::Env, act: impl FnOnce(&State) -> Result<T>) -> napi::Result<T> {
    let env = Env::new(env.raw());
    guarded(env, act).map_err(|failure| thrown(env, failure))
}

/// As `call`, with a panic as a failure.
pub fn guarded<T>(env: Env, act: impl FnOnce(&State) -> Result<T>) -> Result<T> {
    let outcome = catch_unwind(AssertUnwindSafe(|| act(State::of(env)?)));
    outcome.unwrap_or_else(|panic| Err(Failure::new("io", format!("Internal error: {}", panic_message(&*panic)))))
}

/// Throws the failure. What is returned tells napi-rs that an exception is pending.
pub fn thrown(env: Env, failure: Failure) -> napi::Error {
    match State::of(env) {
        Ok(state) => state.environment.throw(failure),
        Err(_) => failure.throw(env, None),
    }
    napi::Error::new(napi::Status::PendingException, String::new())
}

/// A whole number from 0 to 2^53 - 1. Others are refused, where Node-API would wrap or cut them.
pub fn whole(env: Env, value: napi_value) -> Result<u64> {
    let number = env.to_f64(value)?;
    if (0.0..9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0 {
        Ok(number as u64)
    } else {
        Err(Failure::new("value", format!("{number} is not a whole number from 0 to 2^53 - 1")))
    }
}

/// A whole number below 2^32.
pub fn count(env: Env, value: napi_value) -> Result<u32> {
    let number = whole(env, value)?;
    u32::try_from(number).map_err(|_| Failure::new("value", format!("{number} is too large")))
}

/// The number by which JavaScript names an object of a table.
#[derive(Clone, Copy)]
pub struct NativeId(pub u64);

impl NativeId {
    /// What a table answered to an insertion.
    pub fn made(id: Option<u64>) -> Result<Self> {
        let full = || Failure::new("exhausted", "Too many native objects are open: something does not close them");
        id.map(Self).ok_or_else(full)
    }
}

impl FromNapiValue for NativeId {
    unsafe fn from_napi_value(env: napi_env, value: napi_value) -> napi::Result<Self> {
        let env = Env::new(env);
        whole(env, value).map(Self).map_err(|failure| thrown(env, failure))
    }
}

impl ToNapiValue for NativeId {
    unsafe fn to_napi_value(env: napi_env, id: Self) -> napi::Result<napi_value> {
        let env = Env::new(env);
        env.number(id.0 as f64).map_err(|failure| thrown(env, failure))
    }
}

/// A whole number that is no name: a length, an address, the number of a frame.
#[derive(Clone, Copy)]
pub struct Whole(pub u64);

impl FromNapiValue for Whole {
    unsafe fn from_napi_value(env: napi_env, value: napi_value) -> napi::Result<Self> {
        let env = Env::new(env);
        whole(env, value).map(Self).map_err(|failure| thrown(env, failure))
    }
}

/// A whole number below 2^32.
#[derive(Clone, Copy)]
pub struct Count(pub u32);

impl FromNapiValue for Count {
    unsafe fn from_napi_value(env: napi_env, value: napi_value) -> napi::Result<Self> {
        let env = Env::new(env);
        count(env, value).map(Self).map_err(|failure| thrown(env, failure))
    }
}

/// A string. Anything else is refused with a `BridgeError`, as every other argument of a wrong type is.
pub struct Text(pub String);

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: napi_env, value: napi_value) -> napi::Result<Self> {
        let env = Env::new(env);
        env.to_string(value).map(Self).map_err(|failure| thrown(env, failure))
    }
}

/// A boolean, and nothing that counts as one.
#[derive(Clone, Copy)]
pub struct Flag(pub bool);

impl FromNapiValue for Flag {
    unsafe fn from_napi_value(env: napi_env, value: napi_value) -> napi::Result<Self> {
        let env = Env::new(env);
        env.to_bool(value).map(Self).map_err(|failure| thrown(env, failure))
    }
}
