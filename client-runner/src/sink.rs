//! What the codec decodes, as Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};
use streamlib_bridge::codec::{Key, Sink};
use streamlib_bridge::error::Result;
use streamlib_bridge::memory::Frame;
use streamlib_bridge::schema::Fields;
use streamlib_bridge::sys::endpoint::Endpoint as CoreEndpoint;

use crate::endpoint::Endpoint;
use crate::error::from_python;
use crate::memory::{SharedBuffer, Texture};

/// `keys`: for each input port its field names as Python strings, by `FieldKey::id`.
pub struct PySink<'a, 'py> {
    pub py: Python<'py>,
    pub keys: &'a [Vec<Py<PyString>>],
    port: usize,
}

impl<'a, 'py> PySink<'a, 'py> {
    pub fn new(py: Python<'py>, keys: &'a [Vec<Py<PyString>>]) -> Self {
        Self { py, keys, port: 0 }
    }
}

type Object<'py> = Bound<'py, PyAny>;

fn ok<'py, T>(value: Bound<'py, T>) -> Result<Object<'py>> {
    Ok(value.into_any())
}

impl<'py> Sink for PySink<'_, 'py> {
    type Value = Object<'py>;
    type Array = Bound<'py, PyList>;
    type Dictionary = Bound<'py, PyDict>;

    fn begin_frame(&mut self, port: usize) {
        self.port = port;
    }
    fn null(&mut self) -> Result<Object<'py>> {
        Ok(self.py.None().into_bound(self.py))
    }
    fn boolean(&mut self, value: bool) -> Result<Object<'py>> {
        Ok(pyo3::types::PyBool::new(self.py, value).to_owned().into_any())
    }
    fn int32(&mut self, value: i32) -> Result<Object<'py>> {
        ok(PyInt::new(self.py, value))
    }
    fn uint32(&mut self, value: u32) -> Result<Object<'py>> {
        ok(PyInt::new(self.py, value))
    }
    fn int64(&mut self, value: i64) -> Result<Object<'py>> {
        ok(PyInt::new(self.py, value))
    }
    fn uint64(&mut self, value: u64) -> Result<Object<'py>> {
        ok(PyInt::new(self.py, value))
    }
    fn float(&mut self, value: f64) -> Result<Object<'py>> {
        ok(PyFloat::new(self.py, value))
    }
    fn text(&mut self, value: &str) -> Result<Object<'py>> {
        ok(PyString::new(self.py, value))
    }
    fn bytes(&mut self, value: &[u8]) -> Result<Object<'py>> {
        ok(PyBytes::new(self.py, value))
    }
    fn texture(&mut self, frame: Frame) -> Result<Object<'py>> {
        ok(Bound::new(self.py, Texture::received(frame)).map_err(|e| from_python(&e))?)
    }
    fn buffer(&mut self, frame: Frame) -> Result<Object<'py>> {
        ok(Bound::new(self.py, SharedBuffer::received(frame)).map_err(|e| from_python(&e))?)
    }
    fn endpoint(&mut self, endpoint: CoreEndpoint) -> Result<Object<'py>> {
        ok(Bound::new(self.py, Endpoint::new(endpoint)).map_err(|e| from_python(&e))?)
    }
    fn array(&mut self, _length: usize) -> Result<Self::Array> {
        Ok(PyList::empty(self.py))
    }
    fn array_push(&mut self, array: &mut Self::Array, _index: usize, value: Object<'py>) -> Result<()> {
        array.append(value).map_err(|e| from_python(&e))
    }
    fn array_end(&mut self, array: Self::Array) -> Result<Object<'py>> {
        ok(array)
    }
    fn dictionary(&mut self, _fields: Option<&Fields>) -> Result<Self::Dictionary> {
        Ok(PyDict::new(self.py))
    }
    fn dictionary_set(&mut self, dict: &mut Self::Dictionary, key: Key<'_>, value: Object<'py>) -> Result<()> {
        let done = match key {
            Key::Field(field) => match self.keys.get(self.port).and_then(|keys| keys.get(field.id)) {
                Some(name) => dict.set_item(name, value),
                None => dict.set_item(&*field.name, value),
            },
            Key::Name(name) => dict.set_item(name, value),
        };
        done.map_err(|e| from_python(&e))
    }
    fn dictionary_end(&mut self, dictionary: Self::Dictionary) -> Result<Object<'py>> {
        ok(dictionary)
    }
}
