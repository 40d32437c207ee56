//! Failures to exceptions.

use napi_sys::{self as sys, napi_value};

use super::env::Env;
use super::failure::{Details, Failure, Result};
use super::reference::Reference;

impl Failure {
    /// Throws it in JavaScript, through the constructor that `install` was given.
    pub fn throw(self, env: Env, make_error: Option<&Reference>) {
        let Failure::Bridge(details) = self else { return };
        if let Ok(error) = details.build(env, make_error) {
            // SAFETY: error is a live value of this call's scope.
            unsafe { sys::napi_throw(env.raw(), error) };
        }
    }
}

impl Details {
    fn build(&self, env: Env, make_error: Option<&Reference>) -> Result<napi_value> {
        let message = env.string(&self.message)?;
        let code = env.string(self.code)?;
        let Some(make_error) = make_error else {
            let mut error = std::ptr::null_mut();
            // SAFETY: both strings are live values of this call's scope.
            env.check(unsafe { sys::napi_create_error(env.raw(), code, message, &mut error) })?;
            return Ok(error);
        };
        let optional = |text: &Option<String>| match text {
            Some(text) => env.string(text),
            None => env.undefined(),
        };
        let holder = match self.holder_pid {
            Some(pid) => env.number(f64::from(pid))?,
            None => env.undefined()?,
        };
        let arguments = [code, message, optional(&self.port)?, optional(&self.field)?, holder];
        env.call(make_error.get(env)?, &arguments)
    }
}
