//! References to listeners, as they are passed from process to process.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use streamlib_bridge::error::{BridgeError, Code};
use streamlib_bridge::sys::endpoint as core;

/// A reference to a host's listener; it can be passed on and connected to, nothing else.
#[pyclass(frozen, module = "streamlib._native")]
pub struct Endpoint(Mutex<Option<core::Endpoint>>);

impl Endpoint {
    pub fn new(endpoint: core::Endpoint) -> Self {
        Self(Mutex::new(Some(endpoint)))
    }

    /// A descriptor of its own, for a message or a connection.
    pub fn duplicate(&self) -> streamlib_bridge::error::Result<core::Endpoint> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(endpoint) => endpoint.try_clone(),
            None => Err(BridgeError::new(Code::Closed, "the endpoint is closed")),
        }
    }
}

#[pymethods]
impl Endpoint {
    fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
