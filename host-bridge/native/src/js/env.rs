use std::ptr::null_mut;

use napi_sys::{self as sys, napi_env, napi_value};

use super::failure::{Failure, Result};

/// Node-API with Rust's types. Every value lives in the handle scope of the running call.
#[derive(Clone, Copy)]
pub struct Env(napi_env);

/// The kinds of value that the codec tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Undefined,
    Null,
    Boolean,
    Number,
    BigInt,
    String,
    Object,
    Function,
    Other,
}

/// Calls a function of Node-API and turns its status into a `Result`.
macro_rules! call {
    ($env:expr, $function:ident, $($argument:expr),*) => {{
        // SAFETY: the environment is that of the running call, or of the callback that libuv made on its thread. Values were
        // made or received within it, and pointers are to locals or to slices that outlive the call.
        let status = unsafe { sys::$function($env.0, $($argument),*) };
        $env.check(status)
    }};
}

/// As `call!`, for functions whose last argument takes the value that they make.
macro_rules! make {
    ($env:expr, $function:ident $(, $argument:expr)*) => {{
        let mut value = null_mut();
        call!($env, $function, $($argument,)* &mut value)?;
        Ok(value)
    }};
}

impl Env {
    pub fn new(raw: napi_env) -> Self {
        Self(raw)
    }

    pub fn raw(self) -> napi_env {
        self.0
    }

    pub fn check(self, status: sys::napi_status) -> Result<()> {
        if status == sys::Status::napi_ok {
            Ok(())
        } else {
            Err(Failure::from_status(self.0, status))
        }
    }

    pub fn undefined(self) -> Result<napi_value> {
        make!(self, napi_get_undefined)
    }

    pub fn null(self) -> Result<napi_value> {
        make!(self, napi_get_null)
    }

    pub fn boolean(self, value: bool) -> Result<napi_value> {
        make!(self, napi_get_boolean, value)
    }

    pub fn number(self, value: f64) -> Result<napi_value> {
        make!(self, napi_create_double, value)
    }

    pub fn integer(self, value: i32) -> Result<napi_value> {
        make!(self, napi_create_int32, value)
    }

    pub fn unsigned(self, value: u32) -> Result<napi_value> {
        make!(self, napi_create_uint32, value)
    }

    pub fn bigint_i64(self, value: i64) -> Result<napi_value> {
        make!(self, napi_create_bigint_int64, value)
    }

    pub fn bigint_u64(self, value: u64) -> Result<napi_value> {
        make!(self, napi_create_bigint_uint64, value)
    }

    pub fn string(self, value: &str) -> Result<napi_value> {
        let length = value.len() as isize;
        make!(self, napi_create_string_utf8, value.as_ptr().cast(), length)
    }

    /// A fresh Uint8Array with a copy of the bytes.
    pub fn bytes(self, value: &[u8]) -> Result<napi_value> {
        let mut memory = null_mut();
        let buffer: Result<napi_value> = make!(self, napi_create_arraybuffer, value.len(), &mut memory);
        let buffer = buffer?;
        if !value.is_empty() {
            // SAFETY: Node-API allocated so many bytes a moment ago, and nobody else knows of them.
            unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), memory.cast(), value.len()) };
        }
        let kind = sys::TypedarrayType::uint8_array;
        make!(self, napi_create_typedarray, kind, value.len(), buffer, 0)
    }

    pub fn object(self) -> Result<napi_value> {
        make!(self, napi_create_object)
    }

    pub fn array(self, length: usize) -> Result<napi_value> {
        make!(self, napi_create_array_with_length, length)
    }

    pub fn kind(self, value: napi_value) -> Result<Kind> {
        let mut kind = 0;
        call!(self, napi_typeof, value, &mut kind)?;
        Ok(match kind {
            sys::ValueType::napi_undefined => Kind::Undefined,
            sys::ValueType::napi_null => Kind::Null,
            sys::ValueType::napi_boolean => Kind::Boolean,
            sys::ValueType::napi_number => Kind::Number,
            sys::ValueType::napi_bigint => Kind::BigInt,
            sys::ValueType::napi_string => Kind::String,
            sys::ValueType::napi_object => Kind::Object,
            sys::ValueType::napi_function => Kind::Function,
            _ => Kind::Other,
        })
    }

    pub fn to_f64(self, value: napi_value) -> Result<f64> {
        let mut number = 0.0;
        call!(self, napi_get_value_double, value, &mut number)?;
        Ok(number)
    }

    pub fn to_bool(self, value: napi_value) -> Result<bool> {
        let mut boolean = false;
        call!(self, napi_get_value_bool, value, &mut boolean)?;
        Ok(boolean)
    }

    /// The value, and whether it fits: a larger bigint comes back truncated and false.
    pub fn to_i64(self, value: napi_value) -> Result<(i64, bool)> {
        let (mut number, mut lossless) = (0, false);
        call!(self, napi_get_value_bigint_int64, value, &mut number, &mut lossless)?;
        Ok((number, lossless))
    }

    pub fn to_u64(self, value: napi_value) -> Result<(u64, bool)> {
        let (mut number, mut lossless) = (0, false);
        call!(self, napi_get_value_bigint_uint64, value, &mut number, &mut lossless)?;
        Ok((number, lossless))
    }

    pub fn bigint_sign(self, value: napi_value) -> Result<bool> {
        let (mut sign, mut count, mut words) = (0, 1, [0u64; 1]);
        call!(self, napi_get_value_bigint_words, value, &mut sign, &mut count, words.as_mut_ptr())?;
        Ok(sign != 0)
    }

    /// Appends the string as UTF-8 to `out` (a lone surrogate becomes U+FFFD) and returns how many bytes it took.
    pub fn append_string(self, value: napi_value, out: &mut Vec<u8>) -> Result<usize> {
        let start = out.len();
        // Mostly short: one call into what is spare anyway. Node-API cuts what does not fit, so ask when it came close.
        out.reserve(256);
        let mut written = 0;
        let spare = out.capacity() - start;
        call!(
            self,
            napi_get_value_string_utf8,
            value,
            out.spare_capacity_mut().as_mut_ptr().cast(),
            spare,
            &mut written
        )?;
        // A character that did not fit leaves up to 3 bytes unused before the terminator.
        if written + 4 >= spare {
            let mut length = 0;
            call!(self, napi_get_value_string_utf8, value, null_mut(), 0, &mut length)?;
            out.reserve(length + 1);
            let spare = out.capacity() - start;
            call!(
                self,
                napi_get_value_string_utf8,
                value,
                out.spare_capacity_mut().as_mut_ptr().cast(),
                spare,
                &mut written
            )?;
        }
        // SAFETY: Node-API wrote `written` bytes there.
        unsafe { out.set_len(start + written) };
        Ok(written)
    }

    pub fn to_string(self, value: napi_value) -> Result<String> {
        let mut bytes = Vec::new();
        self.append_string(value, &mut bytes)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The bytes of a Uint8Array (or Buffer); None for anything else. Valid until JavaScript runs again.
    pub fn uint8_array<'a>(self, value: napi_value) -> Result<Option<&'a [u8]>> {
        let mut is_typed = false;
        call!(self, napi_is_typedarray, value, &mut is_typed)?;
        if !is_typed {
            return Ok(None);
        }
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        let (mut buffer, mut offset) = (null_mut(), 0);
        call!(self, napi_get_typedarray_info, value, &mut kind, &mut length, &mut data, &mut buffer, &mut offset)?;
        if kind != sys::TypedarrayType::uint8_array && kind != sys::TypedarrayType::uint8_clamped_array {
            return Ok(None);
        }
        if length == 0 || data.is_null() {
            return Ok(Some(&[]));
        }
        // SAFETY: JavaScript does not run while the caller looks at them, so they neither move nor go.
        Ok(Some(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) }))
    }

    pub fn is_array(self, value: napi_value) -> Result<bool> {
        let mut is_array = false;
        call!(self, napi_is_array, value, &mut is_array)?;
        Ok(is_array)
    }

    pub fn array_length(self, value: napi_value) -> Result<u32> {
        let mut length = 0;
        call!(self, napi_get_array_length, value, &mut length)?;
        Ok(length)
    }

    pub fn element(self, array: napi_value, index: u32) -> Result<napi_value> {
        make!(self, napi_get_element, array, index)
    }

    pub fn set_element(self, array: napi_value, index: u32, value: napi_value) -> Result<()> {
        call!(self, napi_set_element, array, index, value)
    }

    pub fn get(self, object: napi_value, key: napi_value) -> Result<napi_value> {
        make!(self, napi_get_property, object, key)
    }

    pub fn set(self, object: napi_value, key: napi_value, value: napi_value) -> Result<()> {
        call!(self, napi_set_property, object, key, value)
    }

    pub fn set_named(self, object: napi_value, name: &str, value: napi_value) -> Result<()> {
        self.set(object, self.string(name)?, value)
    }

    /// The object's own enumerable string keys, numbers among them as strings.
    pub fn own_keys(self, object: napi_value) -> Result<napi_value> {
        const OWN_ONLY: sys::napi_key_collection_mode = 1;
        const ENUMERABLE: sys::napi_key_filter = 1 << 1;
        const SKIP_SYMBOLS: sys::napi_key_filter = 1 << 4;
        const NUMBERS_TO_STRINGS: sys::napi_key_conversion = 1;
        let filter = ENUMERABLE | SKIP_SYMBOLS;
        make!(self, napi_get_all_property_names, object, OWN_ONLY, filter, NUMBERS_TO_STRINGS)
    }

    /// Calls a function with `this` undefined.
    pub fn call(self, function: napi_value, arguments: &[napi_value]) -> Result<napi_value> {
        let this = self.undefined()?;
        make!(self, napi_call_function, this, function, arguments.len(), arguments.as_ptr())
    }
}

/// Values made while it lives are let go when it is dropped: for loops over messages, and for callbacks that libuv makes.
pub struct Scope {
    env: napi_env,
    raw: sys::napi_handle_scope,
}

impl Scope {
    pub fn open(env: Env) -> Result<Self> {
        let mut raw = null_mut();
        // SAFETY: closed in Drop, in reverse order of opening.
        env.check(unsafe { sys::napi_open_handle_scope(env.raw(), &mut raw) })?;
        Ok(Self { env: env.raw(), raw })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: opened above, closed once.
        unsafe { sys::napi_close_handle_scope(self.env, self.raw) };
    }
}
