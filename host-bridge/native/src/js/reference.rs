use napi_sys::{self as sys, napi_env, napi_ref, napi_value};

use super::env::Env;
use super::failure::Result;

/// A value that outlives the call it came in with. Dropped on the thread of its environment, before that ends.
pub struct Reference {
    env: napi_env,
    raw: napi_ref,
}

impl Reference {
    /// `value` must be an object or a function.
    pub fn new(env: Env, value: napi_value) -> Result<Self> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: value is live in this call's scope.
        env.check(unsafe { sys::napi_create_reference(env.raw(), value, 1, &mut raw) })?;
        Ok(Self { env: env.raw(), raw })
    }

    pub fn get(&self, env: Env) -> Result<napi_value> {
        let mut value = std::ptr::null_mut();
        // SAFETY: the reference is strong, so its value lives.
        env.check(unsafe { sys::napi_get_reference_value(env.raw(), self.raw, &mut value) })?;
        Ok(value)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: created by this environment, deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}
