//! Ownership of XPC objects: one type, which releases what it retains.

use std::ffi::{c_char, c_void, CStr};
use std::ptr::{self, NonNull};

use super::ffi::xpc::*;

/// One reference to an XPC object.
#[derive(Debug)]
pub struct Object(NonNull<c_void>);

// SAFETY: XPC counts references atomically, and its objects may be used from any thread; the values that are built here are
// not changed after they were given away.
unsafe impl Send for Object {}
// SAFETY: as above.
unsafe impl Sync for Object {}

/// What an object is, as far as anything here asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Int64,
    UInt64,
    Double,
    Data,
    String,
    Array,
    Dictionary,
    Shmem,
    Endpoint,
    Connection,
    Error,
    /// Among these are the objects that stand for surfaces: their type has no public name.
    Other,
}

impl Kind {
    /// What an object is.
    ///
    /// # Safety
    /// The object is alive.
    pub unsafe fn of(raw: xpc_object_t) -> Self {
        // SAFETY: as the contract above says.
        let found = unsafe { xpc_get_type(raw) }.cast::<Opaque>();
        let known = [
            (&raw const _xpc_type_dictionary, Kind::Dictionary),
            (&raw const _xpc_type_uint64, Kind::UInt64),
            (&raw const _xpc_type_int64, Kind::Int64),
            (&raw const _xpc_type_string, Kind::String),
            (&raw const _xpc_type_array, Kind::Array),
            (&raw const _xpc_type_double, Kind::Double),
            (&raw const _xpc_type_bool, Kind::Bool),
            (&raw const _xpc_type_null, Kind::Null),
            (&raw const _xpc_type_data, Kind::Data),
            (&raw const _xpc_type_shmem, Kind::Shmem),
            (&raw const _xpc_type_endpoint, Kind::Endpoint),
            (&raw const _xpc_type_connection, Kind::Connection),
            (&raw const _xpc_type_error, Kind::Error),
        ];
        known.iter().find(|(address, _)| ptr::eq(*address, found)).map_or(Kind::Other, |(_, kind)| *kind)
    }
}

impl Object {
    /// Takes over a reference that the caller was given (a result of a function named `create`). `None` for null.
    ///
    /// # Safety
    /// The reference is the caller's, who uses it no more.
    pub unsafe fn owned(raw: xpc_object_t) -> Option<Self> {
        NonNull::new(raw).map(Self)
    }

    /// Takes a reference of its own to an object that somebody else holds. `None` for null.
    ///
    /// # Safety
    /// The object is alive for the time of this call.
    pub unsafe fn retained(raw: xpc_object_t) -> Option<Self> {
        let raw = NonNull::new(raw)?;
        // SAFETY: as the contract above says.
        unsafe { xpc_retain(raw.as_ptr()) };
        Some(Self(raw))
    }

    /// For functions of which the header promises that they never return null.
    ///
    /// # Safety
    /// As for `owned`.
    unsafe fn made(raw: xpc_object_t) -> Self {
        // SAFETY: as the contract above says.
        unsafe { Self::owned(raw) }.expect("XPC could not allocate an object")
    }

    pub fn raw(&self) -> xpc_object_t {
        self.0.as_ptr()
    }

    pub fn kind(&self) -> Kind {
        // SAFETY: a reference is held.
        unsafe { Kind::of(self.raw()) }
    }

    pub fn null() -> Self {
        // SAFETY: no arguments.
        unsafe { Self::made(xpc_null_create()) }
    }
    pub fn boolean(value: bool) -> Self {
        // SAFETY: a plain value.
        unsafe { Self::made(xpc_bool_create(value)) }
    }
    pub fn int(value: i64) -> Self {
        // SAFETY: a plain value.
        unsafe { Self::made(xpc_int64_create(value)) }
    }
    pub fn uint(value: u64) -> Self {
        // SAFETY: a plain value.
        unsafe { Self::made(xpc_uint64_create(value)) }
    }
    pub fn double(value: f64) -> Self {
        // SAFETY: a plain value.
        unsafe { Self::made(xpc_double_create(value)) }
    }
    pub fn data(bytes: &[u8]) -> Self {
        // SAFETY: the bytes are copied.
        unsafe { Self::made(xpc_data_create(bytes.as_ptr().cast(), bytes.len())) }
    }
    pub fn string(text: &CStr) -> Self {
        // SAFETY: the text is copied, and ends with NUL.
        unsafe { Self::made(xpc_string_create(text.as_ptr())) }
    }
    pub fn array() -> Self {
        // SAFETY: an empty array needs no objects.
        unsafe { Self::made(xpc_array_create(ptr::null(), 0)) }
    }
    pub fn dictionary() -> Self {
        // SAFETY: an empty dictionary needs no keys.
        unsafe { Self::made(xpc_dictionary_create(ptr::null(), ptr::null(), 0)) }
    }

    /// Appends to an array, which retains the value.
    pub fn push(&self, value: &Object) {
        debug_assert_eq!(self.kind(), Kind::Array);
        // SAFETY: both are held; appending names no index.
        unsafe { xpc_array_append_value(self.raw(), value.raw()) };
    }

    /// Sets an entry of a dictionary, which retains the value.
    pub fn set(&self, key: &CStr, value: &Object) {
        debug_assert_eq!(self.kind(), Kind::Dictionary);
        // SAFETY: both are held, and the key is copied.
        unsafe { xpc_dictionary_set_value(self.raw(), key.as_ptr(), value.raw()) };
    }

    /// An entry of a dictionary.
    pub fn get(&self, key: &CStr) -> Option<Object> {
        // SAFETY: what is returned belongs to the dictionary, so it is retained while that is held.
        unsafe { Self::retained(xpc_dictionary_get_value(self.raw(), key.as_ptr())) }
    }

    /// An entry of a dictionary, if it is an unsigned integer.
    pub fn get_uint(&self, key: &CStr) -> Option<u64> {
        self.get(key)?.as_uint()
    }

    pub fn as_uint(&self) -> Option<u64> {
        // SAFETY: of the right type.
        (self.kind() == Kind::UInt64).then(|| unsafe { xpc_uint64_get_value(self.raw()) })
    }

    /// The bytes of a string or of data; they live as long as this reference.
    pub fn bytes(&self) -> Option<&[u8]> {
        // SAFETY: of the right type; the length is the object's own, and the object does not change.
        unsafe {
            let (start, length) = match self.kind() {
                Kind::Data => (xpc_data_get_bytes_ptr(self.raw()).cast::<u8>(), xpc_data_get_length(self.raw())),
                Kind::String => (xpc_string_get_string_ptr(self.raw()).cast::<u8>(), xpc_string_get_length(self.raw())),
                _ => return None,
            };
            // Empty data may have no address.
            Some(if start.is_null() || length == 0 { &[] } else { std::slice::from_raw_parts(start, length) })
        }
    }

    /// An entry of a dictionary, if it is a string with just this content.
    pub fn is_text(&self, key: &CStr, wanted: &CStr) -> bool {
        self.get(key).is_some_and(|v| v.kind() == Kind::String && v.bytes() == Some(wanted.to_bytes()))
    }

    /// How many items an array or entries a dictionary has.
    pub fn count(&self) -> usize {
        // SAFETY: of the right type.
        unsafe {
            match self.kind() {
                Kind::Array => xpc_array_get_count(self.raw()),
                Kind::Dictionary => xpc_dictionary_get_count(self.raw()),
                _ => 0,
            }
        }
    }

    /// An item of an array.
    pub fn item(&self, index: usize) -> Option<Object> {
        if self.kind() != Kind::Array || index >= self.count() {
            return None;
        }
        // SAFETY: within bounds; what is returned belongs to the array.
        unsafe { Self::retained(xpc_array_get_value(self.raw(), index)) }
    }

    /// Calls `each` for every entry of a dictionary, in no order, until it answers false.
    pub fn entries(&self, each: impl Fn(&CStr, &Object) -> bool) {
        if self.kind() != Kind::Dictionary {
            return;
        }
        let block = block2::StackBlock::new(|key: *const c_char, value: xpc_object_t| -> u8 {
            // SAFETY: both live for the time of this call.
            unsafe {
                let Some(value) = Object::retained(value) else { return 1 };
                u8::from(each(CStr::from_ptr(key), &value))
            }
        });
        let block: &block2::Block<dyn Fn(*const c_char, xpc_object_t) -> u8 + '_> = &block;
        // SAFETY: the block is not kept beyond the call.
        unsafe { xpc_dictionary_apply(self.raw(), ptr::from_ref(block).cast_mut().cast()) };
    }
}

impl Clone for Object {
    fn clone(&self) -> Self {
        // SAFETY: a reference is held.
        unsafe { xpc_retain(self.raw()) };
        Self(self.0)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: this reference was held.
        unsafe { xpc_release(self.raw()) };
    }
}
