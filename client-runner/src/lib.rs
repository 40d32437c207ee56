//! `streamlib._native`: handles, memory and the wire for Python. No policy lives here.

mod connection;
mod endpoint;
mod error;
mod heartbeat;
mod keys;
mod listener;
mod memory;
mod pixels;
mod poller;
mod sandbox;
mod schema;
mod sink;
mod source;
mod tally;

use pyo3::prelude::*;
use streamlib_bridge::{service, sys};

/// Name of the broker's relay service.
#[pyfunction]
fn service_name() -> String {
    service::service_name()
}

/// Path of the relay's socket.
#[pyfunction]
fn relay_path() -> PyResult<String> {
    let path = service::relay_path().map_err(error::raise)?;
    Ok(path.to_string_lossy().into_owned())
}

/// gRPC address of the broker, ``host:port``.
#[pyfunction]
fn broker_address() -> String {
    service::broker_address()
}

/// The machine-wide monotonic clock, in nanoseconds.
#[pyfunction]
fn monotonic_ns() -> u64 {
    service::monotonic_ns()
}

/// Has the kernel kill this process when its parent, which must be `parent`, dies.
#[pyfunction]
fn set_parent_death_signal(parent: u32) -> PyResult<()> {
    sys::process::set_parent_death_signal(parent).map_err(error::raise)
}

/// What this process owns at the moment: descriptors, mappings, connections, leases.
#[pyfunction]
fn debug_counts(py: Python<'_>) -> PyResult<Bound<'_, pyo3::types::PyDict>> {
    let counts = streamlib_bridge::debug_counts();
    let dict = pyo3::types::PyDict::new(py);
    dict.set_item("descriptors", counts.descriptors)?;
    dict.set_item("mappings", counts.mappings)?;
    dict.set_item("connections", counts.connections)?;
    dict.set_item("leases", counts.leases)?;
    Ok(dict)
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let error = m.py().get_type::<error::BridgeError>();
    // One that Python code raises itself has them as well.
    for (name, value) in [("code", Some("io")), ("port", None), ("field", None)] {
        error.setattr(name, value)?;
    }
    m.add("BridgeError", error)?;
    m.add_class::<connection::Connection>()?;
    m.add_class::<listener::Listener>()?;
    m.add_class::<endpoint::Endpoint>()?;
    m.add_class::<poller::Poller>()?;
    m.add_class::<tally::Tally>()?;
    m.add_class::<memory::FramePool>()?;
    m.add_class::<memory::Texture>()?;
    m.add_class::<pixels::Colour>()?;
    m.add_function(wrap_pyfunction!(pixels::plane_layout, m)?)?;
    m.add_function(wrap_pyfunction!(pixels::pixel_formats, m)?)?;
    m.add_class::<memory::SharedBuffer>()?;
    m.add_function(wrap_pyfunction!(poller::wait_for_any, m)?)?;
    m.add_function(wrap_pyfunction!(service_name, m)?)?;
    m.add_function(wrap_pyfunction!(relay_path, m)?)?;
    m.add_function(wrap_pyfunction!(broker_address, m)?)?;
    m.add_function(wrap_pyfunction!(monotonic_ns, m)?)?;
    m.add_function(wrap_pyfunction!(set_parent_death_signal, m)?)?;
    m.add_function(wrap_pyfunction!(debug_counts, m)?)?;
    m.add_function(wrap_pyfunction!(sandbox::sandbox_support, m)?)?;
    m.add_function(wrap_pyfunction!(sandbox::confine_and_become, m)?)?;
    m.add_function(wrap_pyfunction!(sandbox::confine_here, m)?)?;
    m.add_function(wrap_pyfunction!(sandbox::filter_calls, m)?)?;
    m.add_function(wrap_pyfunction!(sandbox::forbid_programs, m)?)?;
    m.add_function(wrap_pyfunction!(schema::normalize_schema, m)?)?;
    m.add_function(wrap_pyfunction!(schema::encode_value, m)?)?;
    m.add_function(wrap_pyfunction!(schema::decode_value, m)?)?;
    Ok(())
}
