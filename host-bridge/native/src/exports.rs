//! What JavaScript sees: one table, in the order of `Addon` in `src/native/addon.ts`, and the one way in.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;

use napi_sys::{self as sys, napi_callback_info, napi_env, napi_value};

use crate::js::args::MAX_ARGS;
use crate::js::{Args, Env, Failure, Result};
use crate::state::State;
use crate::{channel, codec, memory, service};

pub type Call = fn(&State, &Args) -> Result<napi_value>;

struct Export {
    name: &'static str,
    call: Call,
}

macro_rules! exports {
    ($($name:literal => $call:path,)*) => {
        &[$(Export { name: $name, call: $call }),*]
    };
}

static EXPORTS: &[Export] = exports! {
    "install" => State::install,
    "serviceName" => service::service_name,
    "relayPath" => service::relay_path,
    "stateDir" => service::state_dir,
    "brokerAddress" => service::broker_address,
    "monotonicNs" => service::monotonic_ns,
    "processCpuNs" => service::process_cpu_ns,
    "debugCounts" => service::debug_counts,
    "lockAcquire" => service::lock_acquire,
    "lockRelease" => service::lock_release,
    "endpointClose" => channel::listener::endpoint_close,
    "listenerAdopt" => channel::adopted::listener,
    "endpointAdopt" => channel::adopted::endpoint,
    "isMessageListener" => channel::adopted::is_message_listener,
    "serviceNotify" => channel::adopted::notify,
    "listenerAnonymous" => channel::listener::anonymous,
    "listenerNamed" => channel::listener::named,
    "listenerEndpoint" => channel::listener::endpoint,
    "listenerStart" => channel::listener::start,
    "listenerResume" => channel::listener::resume,
    "listenerKeepAlive" => channel::listener::keep_alive,
    "listenerClose" => channel::listener::close,
    "connectEndpoint" => channel::connection::connect_endpoint,
    "connectNamed" => channel::connection::connect_named,
    "connectionPeer" => channel::connection::peer,
    "connectionStart" => channel::connection::start,
    "connectionKeepAlive" => channel::connection::keep_alive,
    "connectionDefinePorts" => channel::connection::define_ports,
    "connectionSendControl" => channel::connection::send_control,
    "connectionSendFrame" => channel::connection::send_frame,
    "connectionAck" => channel::connection::ack,
    "connectionFlush" => channel::connection::flush,
    "connectionStats" => channel::connection::stats,
    "connectionClose" => channel::connection::close,
    "poolCreate" => memory::pool_create,
    "poolTexture" => memory::pool_texture,
    "poolBuffer" => memory::pool_buffer,
    "poolStats" => memory::pool_stats,
    "poolClose" => memory::pool_close,
    "handleClone" => memory::handle_clone,
    "handleClose" => memory::handle_close,
    "mappingBuffer" => memory::mapping_buffer,
    "mappingIdle" => memory::mapping_idle,
    "encodeValue" => codec::encode_value,
    "decodeValue" => codec::decode_value,
};

pub fn register(env: Env, exports: napi_value) {
    let registered = State::attach(env).and_then(|()| {
        EXPORTS.iter().try_for_each(|export| {
            let mut function = null_mut();
            // SAFETY: `export` is static; the name carries its length.
            env.check(unsafe {
                let name = export.name.as_ptr().cast();
                let length = export.name.len() as isize;
                let data = std::ptr::from_ref(export).cast_mut().cast::<c_void>();
                sys::napi_create_function(env.raw(), name, length, Some(trampoline), data, &mut function)
            })?;
            env.set_named(exports, export.name, function)
        })
    });
    if let Err(failure) = registered {
        failure.throw(env, None);
    }
}

/// Every call comes through here: arguments in, and neither an error nor a panic leaves as anything but an exception.
unsafe extern "C" fn trampoline(raw: napi_env, info: napi_callback_info) -> napi_value {
    let env = Env::new(raw);
    let mut values = [null_mut(); MAX_ARGS];
    let mut count = MAX_ARGS;
    let mut data = null_mut();
    // Arguments that were not given are filled in as undefined.
    let status = sys::napi_get_cb_info(raw, info, &mut count, values.as_mut_ptr(), null_mut(), &mut data);
    let Some(state) = State::of(env).filter(|_| status == sys::Status::napi_ok) else {
        return null_mut();
    };
    let export = &*data.cast::<Export>();
    let args = Args { env, values };
    let result = catch_unwind(AssertUnwindSafe(|| (export.call)(state, &args)));
    let failure = match result {
        Ok(Ok(value)) => return value,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new("io", format!("Internal error in {}: {}", export.name, reason(&*panic))),
    };
    state.throw(failure);
    null_mut()
}

/// The message of a panic.
pub fn reason(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without a message",
    }
}
