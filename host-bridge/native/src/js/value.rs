use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi_sys::{napi_env, napi_value};

/// Any value of JavaScript, as Node-API names it: what the codec walks over, functions that are kept, and what is made here.
pub struct Value(pub napi_value);

impl FromNapiValue for Value {
    unsafe fn from_napi_value(_env: napi_env, value: napi_value) -> napi::Result<Self> {
        Ok(Self(value))
    }
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(_env: napi_env, value: Self) -> napi::Result<napi_value> {
        Ok(value.0)
    }
}
