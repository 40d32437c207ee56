//! Listeners: other processors connect to this process through one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use streamlib_bridge::connection::Connection as CoreConnection;
use streamlib_bridge::sys::{endpoint as core, socket};

use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::error::raise;

/// A ``SOCK_SEQPACKET`` listener.
#[pyclass(frozen, module = "streamlib._native")]
pub struct Listener(core::Listener);

impl Listener {
    pub fn socket(&self) -> &core::Listener {
        &self.0
    }
}

#[pymethods]
impl Listener {
    /// Reachable through its endpoint only.
    #[staticmethod]
    fn anonymous() -> PyResult<Self> {
        core::Listener::anonymous().map(Self).map_err(raise)
    }

    /// Listens at a path in a private directory.
    #[staticmethod]
    fn named(path: PathBuf) -> PyResult<Self> {
        core::Listener::named(&path).map(Self).map_err(raise)
    }

    fn endpoint(&self) -> PyResult<Endpoint> {
        self.0.endpoint().map(Endpoint::new).map_err(raise)
    }

    /// The next connection; ``None`` when the time is over.
    fn accept(&self, py: Python<'_>, timeout: f64) -> PyResult<Option<Connection>> {
        let end = Instant::now() + Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX / 4);
        loop {
            if let Some((fd, peer)) = self.0.accept().map_err(raise)? {
                return Ok(Some(Connection::over(CoreConnection::new(fd, peer))));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            py.detach(|| socket::wait(self.0.as_fd(), false, Some(left))).map_err(raise)?;
            py.check_signals()?;
        }
    }
}
