//! Schemas by their JSON, and values without a connection.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use streamlib_bridge::codec::{decode_frame, encode_frame, NoHandles, Reader};
use streamlib_bridge::error::BridgeError;
use streamlib_bridge::schema::Schema;

use crate::error::raise;
use crate::keys::keys;
use crate::sink::PySink;
use crate::source::PySource;

/// Checks a schema's JSON and returns it in its normal form.
#[pyfunction]
pub fn normalize_schema(json: &str) -> PyResult<String> {
    Ok(Schema::from_json(json).map_err(raise)?.to_json())
}

/// Encodes a value that holds no textures and buffers.
#[pyfunction]
pub fn encode_value<'py>(
    py: Python<'py>,
    schema_json: &str,
    value: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let schema = Schema::from_json(schema_json).map_err(raise)?;
    let keys = keys(py, &schema);
    let mut bytes = Vec::new();
    encode_frame(&schema, &PySource { object: value, keys: &keys }, &mut bytes, &mut NoHandles).map_err(raise)?;
    Ok(PyBytes::new(py, &bytes))
}

/// Decodes what `encode_value` made.
#[pyfunction]
pub fn decode_value<'py>(py: Python<'py>, schema_json: &str, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let schema = Schema::from_json(schema_json).map_err(raise)?;
    let keys = [keys(py, &schema)];
    let mut reader = Reader::new(data);
    let decode = |reader: &mut Reader<'_>| -> Result<_, BridgeError> {
        let value = decode_frame(&schema, reader, &mut PySink::new(py, &keys), &mut NoHandles)?;
        reader.finish()?;
        Ok(value)
    };
    decode(&mut reader).map_err(raise)
}
