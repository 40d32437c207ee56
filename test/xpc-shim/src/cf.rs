//! The few objects of CoreFoundation that a surface's properties are made of.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ledger;
use crate::surface::Surface;

pub type Cf = *const c_void;

pub enum Body {
    Number(i64),
    /// Keys are constants; only their addresses are compared.
    Dictionary(Vec<(usize, Cf)>),
    Surface(Surface),
}

pub struct Object {
    refs: AtomicUsize,
    pub body: Body,
}

pub fn make(body: Body) -> Cf {
    let what = match &body {
        Body::Number(_) => "CFNumber",
        Body::Dictionary(_) => "CFDictionary",
        Body::Surface(_) => "IOSurface",
    };
    let object = Box::into_raw(Box::new(Object { refs: AtomicUsize::new(1), body }));
    ledger::born(object as usize, what);
    object.cast_const().cast()
}

pub unsafe fn at<'a>(raw: Cf, doing: &str) -> &'a Object {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        ledger::check(raw as usize, doing);
        &*raw.cast::<Object>()
    }
}

#[repr(C)]
pub struct Callbacks(u8);
#[no_mangle]
pub static kCFTypeDictionaryKeyCallBacks: Callbacks = Callbacks(0);
#[no_mangle]
pub static kCFTypeDictionaryValueCallBacks: Callbacks = Callbacks(1);

#[no_mangle]
pub unsafe extern "C" fn CFRelease(raw: Cf) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let object = at(raw, "CFRelease");
        ledger::released();
        if object.refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut object = Box::from_raw(raw.cast_mut().cast::<Object>());
            // As in object.rs: what it holds, its entry, its memory.
            if let Body::Dictionary(entries) = std::mem::replace(&mut object.body, Body::Number(0)) {
                entries.into_iter().for_each(|(_, value)| CFRelease(value));
            }
            ledger::died(raw as usize);
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn CFNumberCreate(_allocator: Cf, kind: isize, value: *const c_void) -> Cf {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        if kind != 4 {
            ledger::fault(format!("CFNumberCreate of kind {kind}, which this library does not know"));
            return ptr::null();
        }
        make(Body::Number(*value.cast::<i64>()))
    }
}

#[no_mangle]
pub unsafe extern "C" fn CFDictionaryCreate(
    _allocator: Cf,
    keys: *const Cf,
    values: *const Cf,
    count: isize,
    key_callbacks: *const Callbacks,
    value_callbacks: *const Callbacks,
) -> Cf {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        if !ptr::eq(key_callbacks, &kCFTypeDictionaryKeyCallBacks)
            || !ptr::eq(value_callbacks, &kCFTypeDictionaryValueCallBacks)
        {
            ledger::fault("CFDictionaryCreate without the callbacks that retain");
        }
        let entry = |i: usize| {
            let value = *values.add(i);
            at(value, "CFDictionaryCreate").refs.fetch_add(1, Ordering::AcqRel);
            ledger::retained();
            (*keys.add(i) as usize, value)
        };
        make(Body::Dictionary((0..count as usize).map(entry).collect()))
    }
}
