//! Python objects as what the codec encodes.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple};
use streamlib_bridge::codec::Source;
use streamlib_bridge::error::Result;
use streamlib_bridge::memory::Frame;
use streamlib_bridge::schema::{FieldKey, Fields};

use crate::error::from_python;
use crate::memory::{SharedBuffer, Texture};

/// `keys` are the schema's field names as Python strings, by `FieldKey::id`.
pub struct PySource<'a, 'py> {
    pub object: Bound<'py, PyAny>,
    pub keys: &'a [Py<PyString>],
}

impl<'py> PySource<'_, 'py> {
    fn with(&self, object: Bound<'py, PyAny>) -> Self {
        Self { object, keys: self.keys }
    }
}

fn number<'py, T>(object: &Bound<'py, PyAny>) -> Result<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    match object.extract::<T>() {
        Ok(n) => Ok(Some(n)),
        Err(e) if e.is_instance_of::<PyTypeError>(object.py()) => Ok(None),
        Err(e) => Err(from_python(&e)),
    }
}

impl Source for PySource<'_, '_> {
    fn describe(&self) -> String {
        let kind = self.object.get_type().name().map_or_else(|_| "an object".into(), |n| n.to_string());
        match self.object.repr() {
            Ok(text) if text.len().unwrap_or(99) <= 60 => format!("{text} ({kind})"),
            _ => format!("a value of type {kind}"),
        }
    }

    fn is_null(&self) -> Result<bool> {
        Ok(self.object.is_none())
    }

    fn boolean(&self) -> Result<Option<bool>> {
        Ok(self.object.cast::<PyBool>().ok().map(|b| b.is_true()))
    }

    fn integer(&self) -> Result<Option<i128>> {
        let object = &self.object;
        let plain = object.is_exact_instance_of::<PyInt>();
        if !plain {
            // Not every object with a number in it: a bool is no number here, and a float is no integer.
            let other = object.is_instance_of::<PyBool>()
                || object.is_instance_of::<PyFloat>()
                || object.is_instance_of::<PyString>()
                || object.is_instance_of::<PyDict>();
            if other || !object.hasattr("__index__").map_err(|e| from_python(&e))? {
                return Ok(None);
            }
        }
        if let Ok(n) = object.extract::<i64>() {
            return Ok(Some(i128::from(n)));
        }
        if let Ok(n) = object.extract::<u64>() {
            return Ok(Some(i128::from(n)));
        }
        // Out of every type's range; the sign is all that the message needs.
        let negative = object.lt(0).map_err(|e| from_python(&e))?;
        Ok(Some(if negative { i128::MIN } else { i128::MAX }))
    }

    fn float(&self) -> Result<Option<f64>> {
        if self.object.is_instance_of::<PyBool>() || self.object.is_instance_of::<PyString>() {
            return Ok(None);
        }
        number(&self.object)
    }

    fn text<R>(&self, read: impl FnOnce(&str) -> R) -> Result<Option<R>> {
        match self.object.cast::<PyString>() {
            Ok(text) => Ok(Some(read(text.to_str().map_err(|e| from_python(&e))?))),
            Err(_) => Ok(None),
        }
    }

    fn bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        if let Ok(bytes) = self.object.cast::<PyBytes>() {
            return Ok(Some(read(bytes.as_bytes())));
        }
        let object = &self.object;
        if object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>() {
            let copy = object.py().get_type::<PyBytes>().call1((object,)).map_err(|e| from_python(&e))?;
            if let Ok(bytes) = copy.cast::<PyBytes>() {
                return Ok(Some(read(bytes.as_bytes())));
            }
        }
        Ok(None)
    }

    fn texture(&self) -> Result<Option<Frame>> {
        self.object.cast::<Texture>().map_or(Ok(None), |t| t.get().send().map(Some))
    }

    fn buffer(&self) -> Result<Option<Frame>> {
        self.object.cast::<SharedBuffer>().map_or(Ok(None), |b| b.get().send().map(Some))
    }

    fn length(&self) -> Result<Option<usize>> {
        if let Ok(list) = self.object.cast::<PyList>() {
            return Ok(Some(list.len()));
        }
        Ok(self.object.cast::<PyTuple>().ok().map(|tuple| tuple.len()))
    }

    fn item(&self, index: usize) -> Result<Self> {
        let item = match self.object.cast::<PyList>() {
            Ok(list) => list.get_item(index),
            Err(_) => self.object.get_item(index),
        };
        Ok(self.with(item.map_err(|e| from_python(&e))?))
    }

    fn is_dictionary(&self) -> Result<bool> {
        Ok(self.object.is_instance_of::<PyDict>())
    }

    fn field(&self, key: &FieldKey) -> Result<Option<Self>> {
        let Ok(dict) = self.object.cast::<PyDict>() else { return Ok(None) };
        let value = match self.keys.get(key.id) {
            Some(name) => dict.get_item(name),
            None => dict.get_item(&*key.name),
        };
        Ok(value.map_err(|e| from_python(&e))?.map(|v| self.with(v)))
    }

    fn unknown_field(&self, fields: &Fields, found: usize) -> Result<Option<String>> {
        let Ok(dict) = self.object.cast::<PyDict>() else { return Ok(None) };
        if dict.len() == found {
            return Ok(None);
        }
        let known = |name: &str| fields.0.iter().any(|f| *f.key.name == *name);
        Ok(dict.keys().iter().map(|k| k.to_string()).find(|k| !known(k)))
    }

    fn entries(&self, each: &mut dyn FnMut(&str, &Self) -> Result<()>) -> Result<()> {
        let Ok(dict) = self.object.cast::<PyDict>() else { return Ok(()) };
        dict.iter().try_for_each(|(key, value)| {
            let key = key.extract::<String>().map_err(|e| from_python(&e))?;
            each(&key, &self.with(value))
        })
    }

    fn prefers_float(&self) -> bool {
        self.object.is_instance_of::<PyFloat>()
    }
}
