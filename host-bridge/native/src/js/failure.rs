use std::any::Any;

use napi_sys::{self as sys, napi_env};
use streamlib_bridge::error::BridgeError;

pub type Result<T> = std::result::Result<T, Failure>;

/// Why a call failed: becomes a `BridgeError` of the TypeScript side, or the exception that is already on its way.
pub enum Failure {
    Bridge(Box<Details>),
    /// A callback or a getter threw: JavaScript already knows.
    Pending,
}

#[derive(Default)]
pub struct Details {
    pub code: &'static str,
    pub message: String,
    pub port: Option<String>,
    pub field: Option<String>,
    pub holder_pid: Option<u32>,
}

impl From<BridgeError> for Failure {
    fn from(error: BridgeError) -> Self {
        Self::Bridge(Box::new(Details {
            code: error.code.as_str(),
            message: error.to_string(),
            port: error.port,
            field: error.field,
            holder_pid: error.holder_pid,
        }))
    }
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::Bridge(Box::new(Details { code, message: message.into(), ..Details::default() }))
    }

    pub fn closed(what: &str) -> Self {
        Self::new("closed", format!("The {what} was closed"))
    }

    /// What Node-API itself refused, for example a number where a string was expected.
    pub fn from_status(env: napi_env, status: sys::napi_status) -> Self {
        if status == sys::Status::napi_pending_exception {
            return Self::Pending;
        }
        let mut pending = false;
        // SAFETY: env is the environment of the running call.
        unsafe { sys::napi_is_exception_pending(env, &mut pending) };
        if pending {
            return Self::Pending;
        }
        let what = match status {
            sys::Status::napi_object_expected => "an object",
            sys::Status::napi_string_expected => "a string",
            sys::Status::napi_function_expected => "a function",
            sys::Status::napi_number_expected => "a number",
            sys::Status::napi_boolean_expected => "a boolean",
            sys::Status::napi_bigint_expected => "a bigint",
            sys::Status::napi_array_expected => "an array",
            other => return Self::new("io", format!("Node-API refused the call with status {other}")),
        };
        Self::new("value", format!("Expected {what}"))
    }
}

/// The message of a panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without a message",
    }
}
