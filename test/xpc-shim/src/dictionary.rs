//! Dictionaries, and the replies that some of them ask for.

use std::ffi::{c_char, CStr, CString};
use std::sync::{Mutex, MutexGuard, PoisonError};

use block2::Block;

use crate::ledger::fault;
use crate::object::{Body, Obj, Raw, Ref};

#[derive(Default)]
pub struct Dict {
    pub entries: Vec<(CString, Ref)>,
    /// It asks for a reply, under this number; a reply can be made once.
    pub asks: Option<u64>,
    /// It is the reply to that number.
    pub answers: Option<u64>,
}

impl Dict {
    pub fn set(&mut self, key: CString, value: Ref) {
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }
}

pub fn dict<'a>(object: &'a Obj, doing: &str) -> Option<MutexGuard<'a, Dict>> {
    match &object.body {
        Body::Dictionary(dict) => Some(dict.lock().unwrap_or_else(PoisonError::into_inner)),
        _ => {
            fault(format!("{doing} on an object that is no dictionary"));
            None
        }
    }
}

pub fn new(dict: Dict) -> Ref {
    Ref::new(Body::Dictionary(Mutex::new(dict)))
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_create(keys: *const *const c_char, values: *const Raw, count: usize) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let mut made = Dict::default();
        for i in 0..count {
            made.set(CStr::from_ptr(*keys.add(i)).to_owned(), Ref::retained(*values.add(i), "xpc_dictionary_create"));
        }
        new(made).into_raw()
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_create_reply(original: Raw) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let object = Obj::at(original, "xpc_dictionary_create_reply");
        let asked = dict(object, "xpc_dictionary_create_reply").and_then(|mut d| d.asks.take());
        match asked {
            Some(number) => new(Dict { answers: Some(number), ..Dict::default() }).into_raw(),
            None => std::ptr::null_mut(),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_set_value(dictionary: Raw, key: *const c_char, value: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let value = Ref::retained(value, "xpc_dictionary_set_value");
        if let Some(mut d) = dict(Obj::at(dictionary, "xpc_dictionary_set_value"), "xpc_dictionary_set_value") {
            d.set(CStr::from_ptr(key).to_owned(), value);
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_get_value(dictionary: Raw, key: *const c_char) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let key = CStr::from_ptr(key);
        let d = dict(Obj::at(dictionary, "xpc_dictionary_get_value"), "xpc_dictionary_get_value");
        let found = d.and_then(|d| d.entries.iter().find(|(k, _)| k.as_c_str() == key).map(|(_, v)| v.raw()));
        found.unwrap_or(std::ptr::null_mut())
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_get_count(dictionary: Raw) -> usize {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        dict(Obj::at(dictionary, "xpc_dictionary_get_count"), "xpc_dictionary_get_count").map_or(0, |d| d.entries.len())
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_dictionary_apply(
    dictionary: Raw,
    applier: *mut Block<dyn Fn(*const c_char, Raw) -> u8>,
) -> bool {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let d = dict(Obj::at(dictionary, "xpc_dictionary_apply"), "xpc_dictionary_apply");
        let mut entries = d.map_or_else(Vec::new, |d| d.entries.clone());
        // There is no order to rely on; backwards is as good as any, and shows who does.
        entries.reverse();
        entries.iter().all(|(key, value)| (*applier).call((key.as_ptr(), value.raw())) != 0)
    }
}
