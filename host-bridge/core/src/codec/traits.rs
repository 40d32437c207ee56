//! What the walk reads from and builds into: a JavaScript object, a Python dict, or a `Value`.

use crate::error::{BridgeError, Code, Result};
use crate::memory::Frame;
use crate::schema::{FieldKey, Fields};
use crate::sys::endpoint::Endpoint;

/// A value that is about to be encoded. Every question answers `None` when the value is of another kind.
pub trait Source: Sized {
    /// For error messages: `"a string"`, `the number 3.5`.
    fn describe(&self) -> String;
    fn is_null(&self) -> Result<bool>;
    fn boolean(&self) -> Result<Option<bool>>;
    /// An integer without loss; a float with a fraction is none.
    fn integer(&self) -> Result<Option<i128>>;
    fn float(&self) -> Result<Option<f64>>;
    fn text<R>(&self, read: impl FnOnce(&str) -> R) -> Result<Option<R>>;
    fn bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>>;
    fn texture(&self) -> Result<Option<Frame>>;
    fn buffer(&self) -> Result<Option<Frame>>;
    fn length(&self) -> Result<Option<usize>>;
    fn item(&self, index: usize) -> Result<Self>;
    fn is_dictionary(&self) -> Result<bool>;
    /// A field's value, or `None` where it is absent.
    fn field(&self, key: &FieldKey) -> Result<Option<Self>>;
    /// The first key that is not among `fields`, of which `found` are present.
    fn unknown_field(&self, fields: &Fields, found: usize) -> Result<Option<String>>;
    /// All entries of a dictionary without a schema. Only control messages ask.
    fn entries(&self, each: &mut dyn FnMut(&str, &Self) -> Result<()>) -> Result<()>;
    /// True for numbers that should stay floats without a schema.
    fn prefers_float(&self) -> bool {
        false
    }
}

/// A key of a dictionary that is being built.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    Field(&'a FieldKey),
    Name(&'a str),
}

impl Key<'_> {
    pub fn name(&self) -> &str {
        match self {
            Key::Field(key) => &key.name,
            Key::Name(name) => name,
        }
    }
}

/// Builds values while a message is decoded.
pub trait Sink {
    type Value;
    type Array;
    type Dictionary;

    /// The frame of this input port begins: a binding picks its cached keys.
    fn begin_frame(&mut self, _port: usize) {}
    fn null(&mut self) -> Result<Self::Value>;
    fn boolean(&mut self, value: bool) -> Result<Self::Value>;
    fn int32(&mut self, value: i32) -> Result<Self::Value>;
    fn uint32(&mut self, value: u32) -> Result<Self::Value>;
    fn int64(&mut self, value: i64) -> Result<Self::Value>;
    fn uint64(&mut self, value: u64) -> Result<Self::Value>;
    fn float(&mut self, value: f64) -> Result<Self::Value>;
    fn text(&mut self, value: &str) -> Result<Self::Value>;
    fn bytes(&mut self, value: &[u8]) -> Result<Self::Value>;
    fn texture(&mut self, frame: Frame) -> Result<Self::Value>;
    fn buffer(&mut self, frame: Frame) -> Result<Self::Value>;
    /// An endpoint in a control message. By default such a message is malformed.
    fn endpoint(&mut self, _endpoint: Endpoint) -> Result<Self::Value> {
        Err(BridgeError::new(Code::Malformed, "an endpoint where none belongs"))
    }
    fn array(&mut self, length: usize) -> Result<Self::Array>;
    fn array_push(&mut self, array: &mut Self::Array, index: usize, value: Self::Value) -> Result<()>;
    fn array_end(&mut self, array: Self::Array) -> Result<Self::Value>;
    /// `fields` is known where a schema is.
    fn dictionary(&mut self, fields: Option<&Fields>) -> Result<Self::Dictionary>;
    fn dictionary_set(&mut self, dictionary: &mut Self::Dictionary, key: Key<'_>, value: Self::Value) -> Result<()>;
    fn dictionary_end(&mut self, dictionary: Self::Dictionary) -> Result<Self::Value>;
}
