//! Names, clocks, counts and the lock: thin over the core.

use std::path::Path;

use napi::bindgen_prelude::{JsValue, Object};
use napi_derive::napi;
use streamlib_bridge::service;

use super::border::{call, thrown, Count, NativeId, Text};
use super::per_frame;
use crate::js::{Env, Failure, Result, Value};
use crate::state::State;

/// Called when node loads the addon, once for each environment.
#[napi(module_exports)]
pub fn attach(exports: Object, env: napi::Env) -> napi::Result<()> {
    let env = Env::new(env.raw());
    let attached = State::attach(env).and_then(|()| per_frame::register(env, exports.raw()));
    attached.map_err(|failure| thrown(env, failure))
}

/// Called once, before any other function: how an error, a texture and a buffer are made.
#[napi]
pub fn install(
    env: napi::Env,
    #[napi(ts_arg_type = "ErrorFactory")] make_error: Value,
    #[napi(ts_arg_type = "TextureFactory")] make_texture: Value,
    #[napi(ts_arg_type = "BufferFactory")] make_buffer: Value,
) -> napi::Result<()> {
    call(env, |state| state.environment.install(make_error.0, make_texture.0, make_buffer.0))
}

/// The name under which the service manager knows the broker.
#[napi]
pub fn service_name() -> String {
    service::service_name()
}

/// The path of the relay's listener.
#[napi]
pub fn relay_path(env: napi::Env) -> napi::Result<String> {
    call(env, |_| Ok(service::relay_path()?.to_string_lossy().into_owned()))
}

/// The directory of the broker's state.
#[napi]
pub fn state_dir(env: napi::Env) -> napi::Result<String> {
    call(env, |_| Ok(service::state_dir()?.to_string_lossy().into_owned()))
}

/// Where the broker's gRPC server listens.
#[napi]
pub fn broker_address() -> String {
    service::broker_address()
}

/// The system's monotonic clock, in nanoseconds.
#[napi(ts_return_type = "bigint")]
pub fn monotonic_ns(env: napi::Env) -> napi::Result<Value> {
    call(env, |state| state.environment.env.bigint_u64(service::monotonic_ns()).map(Value))
}

/// CPU time of a process in nanoseconds, 0 for this one.
#[napi]
pub fn process_cpu_ns(env: napi::Env, #[napi(ts_arg_type = "number")] pid: Count) -> napi::Result<f64> {
    call(env, |_| cpu_ns(pid.0))
}

#[cfg(target_os = "linux")]
fn cpu_ns(pid: u32) -> Result<f64> {
    let mut clock = libc::CLOCK_PROCESS_CPUTIME_ID;
    // SAFETY: writes to the local variable only.
    if pid != 0 && unsafe { libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock) } != 0 {
        return Err(Failure::new("io", format!("There is no process {pid}")));
    }
    read_clock(clock).ok_or_else(|| Failure::new("io", format!("The CPU time of process {pid} cannot be read")))
}

#[cfg(not(target_os = "linux"))]
fn cpu_ns(pid: u32) -> Result<f64> {
    if pid != 0 && pid != std::process::id() {
        return Err(Failure::new("io", "The CPU time of another process can only be read on Linux"));
    }
    let time = read_clock(libc::CLOCK_PROCESS_CPUTIME_ID);
    time.ok_or_else(|| Failure::new("io", "The CPU time of this process cannot be read"))
}

fn read_clock(clock: libc::clockid_t) -> Option<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to the local variable only.
    let read = unsafe { libc::clock_gettime(clock, &mut time) } == 0;
    read.then_some(time.tv_sec as f64 * 1e9 + time.tv_nsec as f64)
}

/// What this process holds at the moment.
#[napi(object)]
pub struct DebugCounts {
    /// Open descriptors of the whole process.
    #[napi(readonly)]
    pub descriptors: f64,
    /// Mappings of shared memory.
    #[napi(readonly)]
    pub mappings: f64,
    /// Connections that are not closed.
    #[napi(readonly)]
    pub connections: f64,
    /// References to slots, own and imported.
    #[napi(readonly)]
    pub leases: f64,
}

#[napi]
pub fn debug_counts() -> DebugCounts {
    let counts = streamlib_bridge::debug_counts();
    DebugCounts {
        descriptors: counts.descriptors as f64,
        mappings: counts.mappings as f64,
        connections: counts.connections as f64,
        leases: counts.leases as f64,
    }
}

/// A lock that one process of this user holds at a time.
#[napi]
pub fn lock_acquire(env: napi::Env, #[napi(ts_arg_type = "string")] path: Text) -> napi::Result<NativeId> {
    call(env, |state| {
        let lock = service::InstanceLock::acquire(Path::new(&path.0))?;
        NativeId::made(state.environment.locks.borrow_mut().insert(lock))
    })
}

#[napi]
pub fn lock_release(env: napi::Env, lock: NativeId) -> napi::Result<()> {
    call(env, |state| {
        let lock = state.environment.locks.borrow_mut().remove(lock.0);
        drop(lock.ok_or_else(|| Failure::closed("InstanceLock"))?);
        Ok(())
    })
}
