//! Pools, and the handles of frames: a texture or buffer in JavaScript is a number here.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use napi_sys::{self as sys, napi_env, napi_value};
use streamlib_bridge::memory::{Frame, FramePool, Layout, PixelFormat, Segment, TextureLayout};

use crate::js::{Args, Env, Failure, Result};
use crate::state::State;

pub fn pool_create(state: &State, args: &Args) -> Result<napi_value> {
    let slots = args.unsigned(0)?;
    if slots == 0 {
        return Err(Failure::new("value", "A FramePool needs at least one slot"));
    }
    args.new_id(state.pools.borrow_mut().insert(FramePool::new(slots)))
}

pub fn pool_texture(state: &State, args: &Args) -> Result<napi_value> {
    let (width, height, format) = (args.unsigned(1)?, args.unsigned(2)?, args.unsigned(3)?);
    let format = PixelFormat::ALL.get(format as usize).copied();
    let format = format.ok_or_else(|| Failure::new("value", "Unknown pixel format"))?;
    let layout = TextureLayout::packed(width, height, format)?;
    let frame = with_pool(state, args, |pool| Ok(pool.texture(layout)?))?;
    hand_out(state, frame)
}

pub fn pool_buffer(state: &State, args: &Args) -> Result<napi_value> {
    let length = args.id(1)? as usize;
    let frame = with_pool(state, args, |pool| Ok(pool.buffer(length)?))?;
    hand_out(state, frame)
}

pub fn pool_stats(state: &State, args: &Args) -> Result<napi_value> {
    let env = args.env;
    let stats = with_pool(state, args, |pool| Ok(pool.stats()))?;
    let object = env.object()?;
    env.set_named(object, "slots", env.unsigned(stats.slots)?)?;
    env.set_named(object, "free", env.unsigned(stats.free)?)?;
    env.set_named(object, "segments", env.unsigned(stats.segments)?)?;
    env.set_named(object, "acquired", env.number(stats.acquired as f64)?)?;
    env.set_named(object, "refused", env.number(stats.refused as f64)?)?;
    Ok(object)
}

pub fn pool_close(state: &State, args: &Args) -> Result<napi_value> {
    let pool = state.pools.borrow_mut().remove(args.id(0)?);
    drop(pool.ok_or_else(|| Failure::closed("FramePool"))?);
    // Peers that mapped its segments are to hear that they can let go.
    state.stir();
    args.env.undefined()
}

fn with_pool<R>(state: &State, args: &Args, act: impl FnOnce(&FramePool) -> Result<R>) -> Result<R> {
    let pools = state.pools.borrow();
    act(pools.get(args.id(0)?).ok_or_else(|| Failure::closed("FramePool"))?)
}

fn hand_out(state: &State, frame: Option<Frame>) -> Result<napi_value> {
    match frame {
        Some(frame) => make_handle(state, frame).map(|(value, _)| value),
        None => state.env.null(),
    }
}

/// Puts a frame into the table and makes the object that JavaScript sees. Also returns the id, to take it back.
pub fn make_handle(state: &State, frame: Frame) -> Result<(napi_value, u64)> {
    let env = state.env;
    let memory = &frame.memory;
    let layout = frame.layout;
    let mapping = memory.segment().slots().0 as usize;
    let offset = memory.offset();
    let writable = memory.is_writable();
    let id = state.frames.borrow_mut().insert(frame);
    let id = id.ok_or_else(|| Failure::new("exhausted", "Too many frames are held: something does not close them"))?;
    let place = [
        env.number(id as f64)?,
        env.number(mapping as f64)?,
        env.number(offset as f64)?,
        env.number(layout.byte_length() as f64)?,
        env.boolean(writable)?,
    ];
    let made = state.installed(|installed| match layout {
        Layout::Buffer { .. } => env.call(installed.make_buffer.get(env)?, &place),
        Layout::Texture(texture) => {
            let [id, mapping, offset, length, writable] = place;
            let arguments = [
                id,
                mapping,
                offset,
                length,
                writable,
                env.unsigned(texture.width)?,
                env.unsigned(texture.height)?,
                env.unsigned(texture.stride)?,
                env.unsigned(format_index(texture.format))?,
            ];
            env.call(installed.make_texture.get(env)?, &arguments)
        }
    });
    match made {
        Ok(value) => Ok((value, id)),
        Err(failure) => {
            state.frames.borrow_mut().remove(id);
            Err(failure)
        }
    }
}

fn format_index(format: PixelFormat) -> u32 {
    PixelFormat::ALL.iter().position(|f| *f == format).unwrap_or(0) as u32
}

pub fn handle_clone(state: &State, args: &Args) -> Result<napi_value> {
    let frame = state.frames.borrow().get(args.id(0)?).cloned();
    let frame = frame.ok_or_else(|| Failure::closed("handle"))?;
    args.new_id(state.frames.borrow_mut().insert(frame))
}

/// True when nothing but its ArrayBuffer (if it has one) holds the mapping any more.
pub fn handle_close(state: &State, args: &Args) -> Result<napi_value> {
    let frame = state.frames.borrow_mut().remove(args.id(0)?);
    let frame = frame.ok_or_else(|| Failure::closed("handle"))?;
    let segment = Arc::downgrade(frame.memory.segment());
    let local = frame.memory.segment().is_local();
    drop(frame);
    if !local {
        state.stir();
    }
    args.env.boolean(segment.strong_count() <= 1)
}

pub fn mapping_idle(state: &State, args: &Args) -> Result<napi_value> {
    let mapping = args.id(0)? as usize;
    let mappings = state.mappings.borrow();
    args.env.boolean(mappings.get(&mapping).is_none_or(|segment| segment.strong_count() <= 1))
}

/// The slots of the handle's segment as one ArrayBuffer (without its generations, which are not JavaScript's to write), which keeps the mapping alive.
pub fn mapping_buffer(state: &State, args: &Args) -> Result<napi_value> {
    let segment = state.frames.borrow().get(args.id(0)?).map(|frame| frame.memory.segment().clone());
    let segment = segment.ok_or_else(|| Failure::closed("handle"))?;
    let (start, length) = segment.slots();
    let mut mappings = state.mappings.borrow_mut();
    mappings.retain(|_, known| known.strong_count() > 0);
    mappings.insert(start as usize, Arc::downgrade(&segment));
    external_buffer(args.env, start, length, segment)
}

fn external_buffer(env: Env, start: *mut u8, length: usize, owner: Arc<Segment>) -> Result<napi_value> {
    let owner = Arc::into_raw(owner).cast_mut();
    let mut buffer = null_mut();
    // SAFETY: the memory is mapped while `owner` lives, which the finaliser lets go of.
    let status = unsafe {
        let hint = owner.cast::<c_void>();
        sys::napi_create_external_arraybuffer(env.raw(), start.cast(), length, Some(let_go), hint, &mut buffer)
    };
    if let Err(failure) = env.check(status) {
        // SAFETY: node did not take it.
        drop(unsafe { Arc::from_raw(owner) });
        return Err(failure);
    }
    Ok(buffer)
}

unsafe extern "C" fn let_go(_env: napi_env, _data: *mut c_void, owner: *mut c_void) {
    drop(Arc::from_raw(owner.cast::<Segment>().cast_const()));
}
