//! Python objects as what the codec encodes.

use pyo3::buffer::PyBuffer;
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

/// What a conversion gave; `None` where the object is of another type.
fn converted<T>(py: Python<'_>, result: PyResult<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is_instance_of::<PyTypeError>(py) => Ok(None),
        Err(e) => Err(from_python(&e)),
    }
}

/// Whether an object is of numpy, and then whether it is an array or one of its values. (numpy is not imported for that.)
#[derive(PartialEq, Eq)]
enum Numpy {
    Not,
    Bool,
    Array,
    Other,
}

fn numpy_kind(object: &Bound<'_, PyAny>) -> Numpy {
    let class = object.get_type();
    match class.module() {
        Ok(module) if module.to_str().is_ok_and(|m| m == "numpy") => {}
        _ => return Numpy::Not,
    }
    match class.name().as_ref().map(|n| n.to_str().unwrap_or_default()) {
        Ok("bool" | "bool_") => Numpy::Bool,
        Ok("ndarray") => Numpy::Array,
        _ => Numpy::Other,
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
        if let Ok(flag) = self.object.cast::<PyBool>() {
            return Ok(Some(flag.is_true()));
        }
        if numpy_kind(&self.object) == Numpy::Bool {
            return self.object.is_truthy().map(Some).map_err(|e| from_python(&e));
        }
        Ok(None)
    }

    fn integer(&self) -> Result<Option<i128>> {
        let object = &self.object;
        let index;
        let number = if object.is_exact_instance_of::<PyInt>() {
            object
        } else {
            // Not every object with a number in it: a bool is no number here, and a float is no integer.
            let other = object.is_instance_of::<PyBool>()
                || object.is_instance_of::<PyFloat>()
                || object.is_instance_of::<PyString>()
                || object.is_instance_of::<PyDict>()
                || matches!(numpy_kind(object), Numpy::Bool | Numpy::Array);
            if other || !object.hasattr("__index__").map_err(|e| from_python(&e))? {
                return Ok(None);
            }
            match converted(object.py(), object.call_method0("__index__"))? {
                Some(n) => index = n,
                None => return Ok(None),
            }
            &index
        };
        if let Ok(n) = number.extract::<i64>() {
            return Ok(Some(i128::from(n)));
        }
        if let Ok(n) = number.extract::<u64>() {
            return Ok(Some(i128::from(n)));
        }
        // Out of every type's range; the message tells it as long as it can be told.
        if let Ok(n) = number.extract::<i128>() {
            return Ok(Some(n));
        }
        let negative = number.lt(0).map_err(|e| from_python(&e))?;
        Ok(Some(if negative { i128::MIN } else { i128::MAX }))
    }

    fn float(&self) -> Result<Option<f64>> {
        let object = &self.object;
        if object.is_instance_of::<PyBool>()
            || object.is_instance_of::<PyString>()
            || matches!(numpy_kind(object), Numpy::Bool | Numpy::Array)
        {
            return Ok(None);
        }
        converted(object.py(), object.extract())
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
        let other = object.is_instance_of::<PyByteArray>()
            || object.is_instance_of::<PyMemoryView>()
            // What an encoder such as OpenCV's returns.
            || numpy_kind(object) == Numpy::Array;
        if !other {
            return Ok(None);
        }
        match PyBuffer::<u8>::get(object) {
            Ok(buffer) => buffer.to_vec(object.py()).map(|b| Some(read(&b))).map_err(|e| from_python(&e)),
            // Elements of another type than bytes.
            Err(_) => Ok(None),
        }
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
        if let Ok(tuple) = self.object.cast::<PyTuple>() {
            return Ok(Some(tuple.len()));
        }
        if numpy_kind(&self.object) == Numpy::Array {
            // An array of no dimensions has no length: it is a number.
            return converted(self.object.py(), self.object.len());
        }
        Ok(None)
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
