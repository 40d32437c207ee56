//! Objects and their references.

use std::ffi::{c_void, CString};
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::connection::Conn;
use crate::dictionary::Dict;
use crate::ledger;

pub type Raw = *mut c_void;

/// A type is known by the address of its static.
#[repr(C)]
pub struct Type(pub &'static str);

macro_rules! types {
    ($($name:ident $text:literal)*) => { $(#[no_mangle] pub static $name: Type = Type($text);)* };
}
types! {
    _xpc_type_connection "connection" _xpc_type_endpoint "endpoint" _xpc_type_null "null" _xpc_type_bool "bool"
    _xpc_type_int64 "int64" _xpc_type_uint64 "uint64" _xpc_type_double "double" _xpc_type_data "data"
    _xpc_type_string "string" _xpc_type_shmem "shmem" _xpc_type_array "array" _xpc_type_dictionary "dictionary"
    _xpc_type_error "error"
}
/// A surface's object is of a type without a public name.
static SURFACE: Type = Type("surface object");

pub enum Body {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Data(Vec<u8>),
    Text(CString),
    Array(Mutex<Vec<Ref>>),
    Dictionary(Mutex<Dict>),
    Shmem { file: OwnedFd, length: usize },
    Endpoint(OwnedFd),
    Surface(OwnedFd),
    Connection(Arc<Conn>),
    Error,
}

pub struct Obj {
    refs: AtomicUsize,
    /// The error objects are part of the program and never go.
    immortal: bool,
    pub body: Body,
}

// SAFETY: what changes lies behind locks; the blocks in a connection are called one at a time.
unsafe impl Sync for Obj {}
// SAFETY: as above.
unsafe impl Send for Obj {}

#[no_mangle]
pub static _xpc_error_connection_interrupted: Obj =
    Obj { refs: AtomicUsize::new(1), immortal: true, body: Body::Error };
#[no_mangle]
pub static _xpc_error_connection_invalid: Obj = Obj { refs: AtomicUsize::new(1), immortal: true, body: Body::Error };

impl Obj {
    pub fn kind(&self) -> &'static Type {
        match &self.body {
            Body::Null => &_xpc_type_null,
            Body::Bool(_) => &_xpc_type_bool,
            Body::Int(_) => &_xpc_type_int64,
            Body::UInt(_) => &_xpc_type_uint64,
            Body::Double(_) => &_xpc_type_double,
            Body::Data(_) => &_xpc_type_data,
            Body::Text(_) => &_xpc_type_string,
            Body::Array(_) => &_xpc_type_array,
            Body::Dictionary(_) => &_xpc_type_dictionary,
            Body::Shmem { .. } => &_xpc_type_shmem,
            Body::Endpoint(_) => &_xpc_type_endpoint,
            Body::Surface(_) => &SURFACE,
            Body::Connection(_) => &_xpc_type_connection,
            Body::Error => &_xpc_type_error,
        }
    }

    /// What a pointer from outside means. Ends the process when it means nothing.
    pub unsafe fn at<'a>(raw: Raw, doing: &str) -> &'a Obj {
        // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
        unsafe {
            let errors = [&raw const _xpc_error_connection_interrupted, &raw const _xpc_error_connection_invalid];
            if !errors.contains(&raw.cast_const().cast()) {
                ledger::check(raw as usize, doing);
            }
            &*raw.cast::<Obj>()
        }
    }
}

/// One counted reference.
pub struct Ref(NonNull<Obj>);

// SAFETY: counts are atomic, and `Obj` is shared as said above.
unsafe impl Send for Ref {}
// SAFETY: as above.
unsafe impl Sync for Ref {}

impl Ref {
    pub fn new(body: Body) -> Self {
        let object = Box::leak(Box::new(Obj { refs: AtomicUsize::new(1), immortal: false, body }));
        let what = object.kind().0;
        let address = NonNull::from(object);
        ledger::born(address.as_ptr() as usize, what);
        Self(address)
    }

    pub unsafe fn retained(raw: Raw, doing: &str) -> Self {
        // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
        unsafe {
            let object = Obj::at(raw, doing);
            retain(object);
            Self(NonNull::from(object))
        }
    }

    pub fn error(which: &'static Obj) -> Self {
        Self(NonNull::from(which))
    }

    /// Takes over a reference that was given out with `into_raw`.
    pub unsafe fn from_raw(raw: Raw) -> Self {
        // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
        unsafe { Self(NonNull::new_unchecked(raw.cast())) }
    }

    /// Gives the reference to a caller outside.
    pub fn into_raw(self) -> Raw {
        let raw = self.raw();
        std::mem::forget(self);
        raw
    }

    pub fn raw(&self) -> Raw {
        self.0.as_ptr().cast()
    }

    pub fn get(&self) -> &Obj {
        // SAFETY: counted.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for Ref {
    fn clone(&self) -> Self {
        retain(self.get());
        Self(self.0)
    }
}

impl Drop for Ref {
    fn drop(&mut self) {
        let object = self.get();
        if object.immortal {
            return;
        }
        ledger::released();
        if object.refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            if let Body::Connection(connection) = &object.body {
                connection.last_reference_went();
            }
            // SAFETY: made by `new`, and this was the last reference.
            let mut object = unsafe { Box::from_raw(self.0.as_ptr()) };
            // What it holds goes before its entry does, so that an empty ledger means closed descriptors; its memory goes
            // after, so that nobody else has this address while it is still listed.
            object.body = Body::Null;
            ledger::died(self.raw() as usize);
        }
    }
}

fn retain(object: &Obj) {
    if !object.immortal {
        ledger::retained();
        object.refs.fetch_add(1, Ordering::AcqRel);
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_retain(object: Raw) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        retain(Obj::at(object, "xpc_retain"));
        object
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_release(object: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        Obj::at(object, "xpc_release");
        drop(Ref::from_raw(object));
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_get_type(object: Raw) -> *const Type {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe { Obj::at(object, "xpc_get_type").kind() }
}
