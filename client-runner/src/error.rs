//! The bridge's errors as a Python exception with `code`, `port` and `field`.

use pyo3::prelude::*;
use streamlib_bridge::error::{BridgeError as Core, Code};

pyo3::create_exception!(
    streamlib._native,
    BridgeError,
    pyo3::exceptions::PyException,
    "The bridge refused something: a value that does not fit its schema, a handle that is closed, a limit that is reached.\n\n\
     Attributes:\n    \
     code: What happened, one of ``malformed``, ``closed``, ``schema``, ``value``, ``would_block``, ``exhausted``, ``stale``,\n        \
     ``locked``, ``io``, ``not_endpoint`` and ``permission``. These names stay.\n    \
     port: The port's name, or ``None`` where no port is concerned.\n    \
     field: The path of the field, such as ``detections[2].label``, or ``None``."
);

/// Turns an error of the core into the exception.
pub fn raise(error: Core) -> PyErr {
    Python::attach(|py| {
        let raised = BridgeError::new_err(error.to_string());
        let value = raised.value(py);
        let set = || -> PyResult<()> {
            value.setattr("code", error.code.as_str())?;
            value.setattr("port", error.port.as_deref())?;
            value.setattr("field", error.field.as_deref())
        };
        match set() {
            Ok(()) => raised,
            Err(other) => other,
        }
    })
}

/// An exception that user code raised while a value of it was read.
pub fn from_python(error: &PyErr) -> Core {
    Core::new(Code::Value, format!("cannot be read: {error}"))
}
