//! A value as Rust holds it: for tests, for tools, and as the model of what the bindings build.

use std::sync::Arc;

use crate::codec::{Key, Sink, Source};
use crate::error::Result;
use crate::memory::{Frame, Layout};
use crate::schema::{FieldKey, Fields};
use crate::sys::endpoint::Endpoint;

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    String(String),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Dictionary(Vec<(String, Value)>),
    Frame(Frame),
    /// Only received, in control messages.
    Endpoint(Arc<Endpoint>),
}

impl Value {
    pub fn dictionary<const N: usize>(entries: [(&str, Value); N]) -> Self {
        Value::Dictionary(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    /// An entry of a dictionary.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Dictionary(entries) => entries.iter().find(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// Handles compare by the memory that they name.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::UInt(a), Value::UInt(b)) => a == b,
            (Value::Int(a), Value::UInt(b)) | (Value::UInt(b), Value::Int(a)) => i128::from(*a) == i128::from(*b),
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => a == b,
            (Value::Dictionary(a), Value::Dictionary(b)) => a == b,
            (Value::Frame(a), Value::Frame(b)) => {
                a.layout == b.layout
                    && a.memory.segment().id() == b.memory.segment().id()
                    && a.memory.slot() == b.memory.slot()
                    && a.memory.generation() == b.memory.generation()
            }
            _ => false,
        }
    }
}

impl Source for &Value {
    fn describe(&self) -> String {
        match self {
            Value::Null => "null".into(),
            Value::Bool(b) => format!("the Bool {b}"),
            Value::Int(n) => format!("the number {n}"),
            Value::UInt(n) => format!("the number {n}"),
            Value::Float(n) => format!("the number {n}"),
            Value::String(s) => format!("the String {s:?}"),
            Value::Bytes(_) => "Bytes".into(),
            Value::Array(_) => "an Array".into(),
            Value::Dictionary(_) => "a dictionary".into(),
            Value::Frame(_) | Value::Endpoint(_) => "a handle".into(),
        }
    }
    fn is_null(&self) -> Result<bool> {
        Ok(matches!(self, Value::Null))
    }
    fn boolean(&self) -> Result<Option<bool>> {
        Ok(if let Value::Bool(b) = self { Some(*b) } else { None })
    }
    fn integer(&self) -> Result<Option<i128>> {
        Ok(match self {
            Value::Int(n) => Some(i128::from(*n)),
            Value::UInt(n) => Some(i128::from(*n)),
            _ => None,
        })
    }
    fn float(&self) -> Result<Option<f64>> {
        Ok(match self {
            Value::Float(n) => Some(*n),
            Value::Int(n) => Some(*n as f64),
            Value::UInt(n) => Some(*n as f64),
            _ => None,
        })
    }
    fn text<R>(&self, read: impl FnOnce(&str) -> R) -> Result<Option<R>> {
        Ok(if let Value::String(s) = self { Some(read(s)) } else { None })
    }
    fn bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        Ok(if let Value::Bytes(b) = self { Some(read(b)) } else { None })
    }
    fn texture(&self) -> Result<Option<Frame>> {
        Ok(match self {
            Value::Frame(f) if matches!(f.layout, Layout::Texture(_)) => Some(f.clone()),
            _ => None,
        })
    }
    fn buffer(&self) -> Result<Option<Frame>> {
        Ok(match self {
            Value::Frame(f) if matches!(f.layout, Layout::Buffer { .. }) => Some(f.clone()),
            _ => None,
        })
    }
    fn length(&self) -> Result<Option<usize>> {
        Ok(if let Value::Array(a) = self { Some(a.len()) } else { None })
    }
    fn item(&self, index: usize) -> Result<Self> {
        match self {
            Value::Array(a) => Ok(&a[index]),
            _ => Ok(&Value::Null),
        }
    }
    fn is_dictionary(&self) -> Result<bool> {
        Ok(matches!(self, Value::Dictionary(_)))
    }
    fn field(&self, key: &FieldKey) -> Result<Option<Self>> {
        Ok(self.get(&key.name))
    }
    fn unknown_field(&self, fields: &Fields, _found: usize) -> Result<Option<String>> {
        let Value::Dictionary(entries) = self else { return Ok(None) };
        let known = |name: &str| fields.0.iter().any(|f| *f.key.name == *name);
        Ok(entries.iter().map(|(k, _)| k).find(|k| !known(k)).cloned())
    }
    fn entries(&self, each: &mut dyn FnMut(&str, &Self) -> Result<()>) -> Result<()> {
        let Value::Dictionary(entries) = self else { return Ok(()) };
        entries.iter().try_for_each(|(k, v)| each(k, &v))
    }
    fn prefers_float(&self) -> bool {
        matches!(self, Value::Float(_))
    }
}

/// Builds `Value`s.
#[derive(Debug, Default)]
pub struct ValueSink;

impl Sink for ValueSink {
    type Value = Value;
    type Array = Vec<Value>;
    type Dictionary = Vec<(String, Value)>;

    fn null(&mut self) -> Result<Value> {
        Ok(Value::Null)
    }
    fn boolean(&mut self, value: bool) -> Result<Value> {
        Ok(Value::Bool(value))
    }
    fn int32(&mut self, value: i32) -> Result<Value> {
        Ok(Value::Int(i64::from(value)))
    }
    fn uint32(&mut self, value: u32) -> Result<Value> {
        Ok(Value::UInt(u64::from(value)))
    }
    fn int64(&mut self, value: i64) -> Result<Value> {
        Ok(Value::Int(value))
    }
    fn uint64(&mut self, value: u64) -> Result<Value> {
        Ok(Value::UInt(value))
    }
    fn float(&mut self, value: f64) -> Result<Value> {
        Ok(Value::Float(value))
    }
    fn text(&mut self, value: &str) -> Result<Value> {
        Ok(Value::String(value.to_owned()))
    }
    fn bytes(&mut self, value: &[u8]) -> Result<Value> {
        Ok(Value::Bytes(value.to_vec()))
    }
    fn texture(&mut self, frame: Frame) -> Result<Value> {
        Ok(Value::Frame(frame))
    }
    fn buffer(&mut self, frame: Frame) -> Result<Value> {
        Ok(Value::Frame(frame))
    }
    fn endpoint(&mut self, endpoint: Endpoint) -> Result<Value> {
        Ok(Value::Endpoint(Arc::new(endpoint)))
    }
    fn array(&mut self, _length: usize) -> Result<Vec<Value>> {
        Ok(Vec::new())
    }
    fn array_push(&mut self, array: &mut Vec<Value>, _index: usize, value: Value) -> Result<()> {
        array.push(value);
        Ok(())
    }
    fn array_end(&mut self, array: Vec<Value>) -> Result<Value> {
        Ok(Value::Array(array))
    }
    fn dictionary(&mut self, _fields: Option<&Fields>) -> Result<Self::Dictionary> {
        Ok(Vec::new())
    }
    fn dictionary_set(&mut self, dictionary: &mut Self::Dictionary, key: Key<'_>, value: Value) -> Result<()> {
        dictionary.push((key.name().to_owned(), value));
        Ok(())
    }
    fn dictionary_end(&mut self, dictionary: Self::Dictionary) -> Result<Value> {
        Ok(Value::Dictionary(dictionary))
    }
}
