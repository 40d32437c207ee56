//! Scalars, strings, data, arrays.

use std::ffi::{c_char, c_void, CStr};
use std::sync::{Mutex, PoisonError};

use crate::ledger::fault;
use crate::object::{Body, Obj, Raw, Ref};

macro_rules! scalar {
    ($create:ident $get:ident $variant:ident $ty:ty) => {
        #[no_mangle]
        pub extern "C" fn $create(value: $ty) -> Raw {
            Ref::new(Body::$variant(value)).into_raw()
        }
        #[no_mangle]
        pub unsafe extern "C" fn $get(object: Raw) -> $ty {
            // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
            let object = unsafe { Obj::at(object, stringify!($get)) };
            match &object.body {
                Body::$variant(value) => *value,
                // The header says what is returned; nobody should need it.
                _ => {
                    fault(concat!(stringify!($get), " on an object of another type"));
                    <$ty>::default()
                }
            }
        }
    };
}
scalar!(xpc_bool_create xpc_bool_get_value Bool bool);
scalar!(xpc_int64_create xpc_int64_get_value Int i64);
scalar!(xpc_uint64_create xpc_uint64_get_value UInt u64);
scalar!(xpc_double_create xpc_double_get_value Double f64);

#[no_mangle]
pub extern "C" fn xpc_null_create() -> Raw {
    Ref::new(Body::Null).into_raw()
}

#[no_mangle]
pub unsafe extern "C" fn xpc_data_create(bytes: *const c_void, length: usize) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let bytes = if length == 0 { &[] } else { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        Ref::new(Body::Data(bytes.to_vec())).into_raw()
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_data_get_length(object: Raw) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(object, "xpc_data_get_length").body {
            Body::Data(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_data_get_bytes_ptr(object: Raw) -> *const c_void {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(object, "xpc_data_get_bytes_ptr").body {
            // Of data of no length the header promises no address.
            Body::Data(bytes) if !bytes.is_empty() => bytes.as_ptr().cast(),
            _ => std::ptr::null(),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_string_create(text: *const c_char) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe { Ref::new(Body::Text(CStr::from_ptr(text).to_owned())).into_raw() }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_string_get_length(object: Raw) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(object, "xpc_string_get_length").body {
            Body::Text(text) => text.as_bytes().len(),
            _ => 0,
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_string_get_string_ptr(object: Raw) -> *const c_char {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(object, "xpc_string_get_string_ptr").body {
            Body::Text(text) => text.as_ptr(),
            _ => std::ptr::null(),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_array_create(objects: *const Raw, count: usize) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let items = (0..count).map(|i| Ref::retained(*objects.add(i), "xpc_array_create")).collect();
        Ref::new(Body::Array(Mutex::new(items))).into_raw()
    }
}

unsafe fn items<T>(array: Raw, doing: &str, look: impl FnOnce(&mut Vec<Ref>) -> T) -> Option<T> {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(array, doing).body {
            Body::Array(items) => Some(look(&mut items.lock().unwrap_or_else(PoisonError::into_inner))),
            _ => {
                fault(format!("{doing} on an object that is no array"));
                None
            }
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_array_append_value(array: Raw, value: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let value = Ref::retained(value, "xpc_array_append_value");
        items(array, "xpc_array_append_value", |items| items.push(value));
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_array_get_count(array: Raw) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe { items(array, "xpc_array_get_count", |items| items.len()).unwrap_or(0) }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_array_get_value(array: Raw, index: usize) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let found = items(array, "xpc_array_get_value", |items| items.get(index).map(Ref::raw)).flatten();
        found.unwrap_or_else(|| {
            fault(format!("xpc_array_get_value of item {index}, which is out of bounds"));
            std::process::abort()
        })
    }
}
