//! Names, clocks, counts and the lock: thin over the core.

use std::path::Path;

use napi_sys::napi_value;
use streamlib_bridge::service;

use crate::js::{Args, Failure, Result};
use crate::state::State;

fn text(args: &Args, value: &str) -> Result<napi_value> {
    args.env.string(value)
}

pub fn service_name(_: &State, args: &Args) -> Result<napi_value> {
    text(args, &service::service_name())
}

pub fn relay_path(_: &State, args: &Args) -> Result<napi_value> {
    text(args, &service::relay_path()?.to_string_lossy())
}

pub fn state_dir(_: &State, args: &Args) -> Result<napi_value> {
    text(args, &service::state_dir()?.to_string_lossy())
}

pub fn broker_address(_: &State, args: &Args) -> Result<napi_value> {
    text(args, &service::broker_address())
}

pub fn monotonic_ns(_: &State, args: &Args) -> Result<napi_value> {
    args.env.bigint_u64(service::monotonic_ns())
}

/// CPU time of a process, 0 for this one.
pub fn process_cpu_ns(_: &State, args: &Args) -> Result<napi_value> {
    let pid = args.unsigned(0)?;
    args.env.number(cpu_ns(pid)?)
}

#[cfg(target_os = "linux")]
fn cpu_ns(pid: u32) -> Result<f64> {
    let mut clock = libc::CLOCK_PROCESS_CPUTIME_ID;
    // SAFETY: both calls only write to the local variables that they are given.
    unsafe {
        if pid != 0 && libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock) != 0 {
            return Err(Failure::new("io", format!("There is no process {pid}")));
        }
        let mut time = std::mem::zeroed::<libc::timespec>();
        if libc::clock_gettime(clock, &mut time) != 0 {
            return Err(Failure::new("io", format!("The CPU time of process {pid} cannot be read")));
        }
        Ok(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
    }
}

#[cfg(not(target_os = "linux"))]
fn cpu_ns(pid: u32) -> Result<f64> {
    if pid != 0 && pid != std::process::id() {
        return Err(Failure::new("io", "The CPU time of another process can only be read on Linux"));
    }
    // SAFETY: writes to the local variable only.
    unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time);
        Ok(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
    }
}

pub fn debug_counts(_: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let counts = streamlib_bridge::debug_counts();
    let object = env.object()?;
    env.set_named(object, "descriptors", env.number(counts.descriptors as f64)?)?;
    env.set_named(object, "mappings", env.number(counts.mappings as f64)?)?;
    env.set_named(object, "connections", env.number(counts.connections as f64)?)?;
    env.set_named(object, "leases", env.number(counts.leases as f64)?)?;
    Ok(object)
}

pub fn lock_acquire(state: &State, args: &Args) -> Result<napi_value> {
    let lock = service::InstanceLock::acquire(Path::new(&args.string(0)?))?;
    args.new_id(state.locks.borrow_mut().insert(lock))
}

pub fn lock_release(state: &State, args: &Args) -> Result<napi_value> {
    let lock = state.locks.borrow_mut().remove(args.id(0)?);
    drop(lock.ok_or_else(|| Failure::closed("InstanceLock"))?);
    args.env.undefined()
}
