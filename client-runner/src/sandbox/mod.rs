//! Confines this process and becomes another program. Which paths and limits is the caller's affair; no policy lives here.

#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod syscalls;

use pyo3::prelude::*;
use streamlib_bridge::error::{BridgeError, Code};

use crate::error::raise;

/// What the kernel here can do: the version of Landlock (0: none) and whether system calls can be filtered.
#[pyfunction]
pub fn sandbox_support() -> (u32, bool) {
    #[cfg(target_os = "linux")]
    return (landlock::version(), filter::supported());
    #[cfg(not(target_os = "linux"))]
    return (0, false);
}

/// Confines this process for good and becomes `command`. Returns only by an exception, and then nothing may be run any more:
/// part of the confinement may be in place.
///
/// `limits`: pairs of the kernel's number for a resource and its limit. `keep`: the descriptors that stay open, besides 0, 1 and 2.
#[pyfunction]
#[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
pub fn confine_and_become(
    command: Vec<String>,
    environment: Vec<String>,
    readable: Vec<String>,
    writable: Vec<String>,
    limits: Vec<(u32, u64)>,
    cpus: usize,
    keep: Vec<i32>,
) -> PyResult<()> {
    #[cfg(not(target_os = "linux"))]
    return Err(raise(BridgeError::new(Code::Io, "Landlock and seccomp are Linux's")));
    #[cfg(target_os = "linux")]
    {
        privileges::keep_descriptors(&keep).map_err(|e| cannot("closing descriptors", e))?;
        walls(&readable, &writable, &limits, cpus)?;
        Err(cannot(&command.join(" "), privileges::become_program(&command, &environment)))
    }
}

/// Confines this process where it is. It must have one thread only: Landlock would leave the others as they are.
#[pyfunction]
#[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
pub fn confine_here(
    readable: Vec<String>,
    writable: Vec<String>,
    limits: Vec<(u32, u64)>,
    cpus: usize,
) -> PyResult<()> {
    #[cfg(not(target_os = "linux"))]
    return Err(raise(BridgeError::new(Code::Io, "Landlock and seccomp are Linux's")));
    #[cfg(target_os = "linux")]
    {
        let threads = privileges::threads().map_err(|e| cannot("counting threads", e))?;
        if threads != 1 {
            let message = format!("the sandbox could not be set up here: the process has {threads} threads");
            return Err(raise(BridgeError::new(Code::Locked, message)));
        }
        walls(&readable, &writable, &limits, cpus)?;
        filter::install(filter::Stage::After).map_err(|e| cannot("seccomp", e))
    }
}

#[cfg(target_os = "linux")]
fn walls(readable: &[String], writable: &[String], limits: &[(u32, u64)], cpus: usize) -> PyResult<()> {
    privileges::limit(limits).map_err(|e| cannot("limits", e))?;
    privileges::use_cpus(cpus).map_err(|e| cannot("choosing processors", e))?;
    privileges::renounce().map_err(|e| cannot("giving up privileges", e))?;
    landlock::restrict(readable, writable).map_err(|e| cannot("Landlock", e))?;
    filter::install(filter::Stage::Before).map_err(|e| cannot("seccomp", e))
}

#[cfg(target_os = "linux")]
fn cannot(what: &str, error: std::io::Error) -> PyErr {
    raise(BridgeError::new(Code::Io, format!("the sandbox could not be set up: {what}: {error}")))
}

/// For a process around which another program has put walls: no rights, and only the system calls that are on the list. It must
/// have one thread only: the filter would leave the others as they are.
#[pyfunction]
pub fn filter_calls() -> PyResult<()> {
    #[cfg(not(target_os = "linux"))]
    return Err(raise(BridgeError::new(Code::Io, "seccomp is Linux's")));
    #[cfg(target_os = "linux")]
    {
        let threads = privileges::threads().map_err(|e| cannot("counting threads", e))?;
        if threads != 1 {
            let message = format!("the sandbox could not be set up here: the process has {threads} threads");
            return Err(raise(BridgeError::new(Code::Locked, message)));
        }
        privileges::renounce().map_err(|e| cannot("giving up privileges", e))?;
        filter::install(filter::Stage::Before).map_err(|e| cannot("seccomp", e))
    }
}

/// From here on this process cannot become another program either. For all threads.
#[pyfunction]
pub fn forbid_programs() -> PyResult<()> {
    #[cfg(target_os = "linux")]
    return filter::install(filter::Stage::After)
        .map_err(|e| raise(BridgeError::new(Code::Io, format!("seccomp refused a filter: {e}"))));
    #[cfg(not(target_os = "linux"))]
    return Err(raise(BridgeError::new(Code::Io, "seccomp is Linux's")));
}
