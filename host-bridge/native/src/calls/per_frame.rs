//! What is called for each frame, on Node-API itself: the ways of napi-rs into a function cost 0.1 µs more, which is a tenth
//! of what sending a frame takes. Their types are in `host-bridge/src/native/types/per-frame.ts`; a test holds the names together.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use napi_sys::{self as sys, napi_callback_info, napi_env, napi_value};
use streamlib_bridge::memory::{Frame, FramePool, TextureLayout};

use super::border::{count, guarded, thrown, whole, NativeId};
use crate::handles::make_handle;
use crate::js::{Env, Failure, Result};
use crate::pixels;
use crate::state::State;

type Call = fn(&State, &Arguments) -> Result<napi_value>;

static CALLS: [(&str, Call); 6] = [
    ("connectionSendFrame", connection_send_frame),
    ("connectionAck", connection_ack),
    ("poolTexture", pool_texture),
    ("poolBuffer", pool_buffer),
    ("handleClone", handle_clone),
    ("handleClose", handle_close),
];

/// Most arguments of one of them.
const MAX_ARGUMENTS: usize = 4;

/// The arguments of a call; one that was not given is `undefined`.
struct Arguments {
    env: Env,
    values: [napi_value; MAX_ARGUMENTS],
}

impl Arguments {
    fn whole(&self, index: usize) -> Result<u64> {
        whole(self.env, self.values[index])
    }

    fn count(&self, index: usize) -> Result<u32> {
        count(self.env, self.values[index])
    }
}

pub fn register(env: Env, exports: napi_value) -> Result<()> {
    CALLS.iter().try_for_each(|(name, call)| {
        let mut function = null_mut();
        let (text, length) = (name.as_ptr().cast(), name.len() as isize);
        let data = std::ptr::from_ref(call).cast_mut().cast::<c_void>();
        // SAFETY: the name carries its length, and `call` is static.
        env.check(unsafe {
            sys::napi_create_function(env.raw(), text, length, Some(trampoline), data, &mut function)
        })?;
        env.set_named(exports, name, function)
    })
}

/// # Safety
/// Node calls this, for functions that `register` made.
unsafe extern "C" fn trampoline(raw: napi_env, info: napi_callback_info) -> napi_value {
    let env = Env::new(raw);
    let mut values = [null_mut(); MAX_ARGUMENTS];
    let (mut given, mut data) = (MAX_ARGUMENTS, null_mut());
    // SAFETY: `info` is that of the running call, and there is room for so many values.
    let status = unsafe { sys::napi_get_cb_info(raw, info, &mut given, values.as_mut_ptr(), null_mut(), &mut data) };
    let outcome = env.check(status).and_then(|()| {
        // SAFETY: `register` gave a pointer to an entry of `CALLS`.
        let call = unsafe { *data.cast::<Call>() };
        guarded(env, |state| call(state, &Arguments { env, values }))
    });
    outcome.unwrap_or_else(|failure| {
        thrown(env, failure);
        null_mut()
    })
}

/// `(connection, port, frameId, frame)`
fn connection_send_frame(state: &State, arguments: &Arguments) -> Result<napi_value> {
    let connection = state.connection(arguments.whole(0)?)?;
    let (port, frame_id) = (arguments.count(1)? as usize, arguments.whole(2)?);
    let sent = connection.send_frame(&state.environment, port, frame_id, arguments.values[3])?;
    arguments.env.boolean(sent)
}

/// `(connection, port, frameId)`
fn connection_ack(state: &State, arguments: &Arguments) -> Result<napi_value> {
    state.connection(arguments.whole(0)?)?.ack(arguments.count(1)? as usize, arguments.whole(2)?)?;
    state.environment.schedule_flush();
    arguments.env.undefined()
}

/// `(pool, width, height, code)`; a code is the format's index in the low 8 bits, then 16 bits of colour.
fn pool_texture(state: &State, arguments: &Arguments) -> Result<napi_value> {
    let (width, height, code) = (arguments.count(1)?, arguments.count(2)?, arguments.count(3)?);
    let (format, colour) = pixels::from_code(code)?;
    let layout = TextureLayout::packed(width, height, format)?.with_colour(colour);
    let frame = with_pool(state, arguments, |pool| Ok(pool.texture(layout)?))?;
    hand_out(state, frame)
}

/// `(pool, byteLength)`
fn pool_buffer(state: &State, arguments: &Arguments) -> Result<napi_value> {
    let length = arguments.whole(1)? as usize;
    let frame = with_pool(state, arguments, |pool| Ok(pool.buffer(length)?))?;
    hand_out(state, frame)
}

fn with_pool<R>(state: &State, arguments: &Arguments, act: impl FnOnce(&FramePool) -> Result<R>) -> Result<R> {
    let pools = state.environment.pools.borrow();
    act(pools.get(arguments.whole(0)?).ok_or_else(|| Failure::closed("FramePool"))?)
}

fn hand_out(state: &State, frame: Option<Frame>) -> Result<napi_value> {
    match frame {
        Some(frame) => make_handle(&state.environment, frame).map(|(value, _)| value),
        None => state.environment.env.null(),
    }
}

/// `(handle)`
fn handle_clone(state: &State, arguments: &Arguments) -> Result<napi_value> {
    let frame = state.environment.frames.borrow().get(arguments.whole(0)?).cloned();
    let frame = frame.ok_or_else(|| Failure::closed("handle"))?;
    let id = state.environment.frames.borrow_mut().insert(frame);
    arguments.env.number(NativeId::made(id)?.0 as f64)
}

/// `(handle)`; true: only the ArrayBuffer of its mapping (if it has one) still holds that.
fn handle_close(state: &State, arguments: &Arguments) -> Result<napi_value> {
    let frame = state.environment.frames.borrow_mut().remove(arguments.whole(0)?);
    let frame = frame.ok_or_else(|| Failure::closed("handle"))?;
    let segment = Arc::downgrade(frame.memory.segment());
    let local = frame.memory.segment().is_local();
    drop(frame);
    if !local {
        state.environment.schedule_flush();
    }
    arguments.env.boolean(segment.strong_count() <= 1)
}
