//! Pools, and mappings of their segments. What is called for each frame is in `per_frame`.

use std::sync::Arc;

use napi_derive::napi;
use streamlib_bridge::memory::{FramePool, Plane, TextureLayout};

use super::border::{call, Count, NativeId, Whole};
use crate::handles::external_buffer;
use crate::js::{Failure, Value};
use crate::pixels;

#[napi]
pub fn pool_create(env: napi::Env, #[napi(ts_arg_type = "number")] max_slots: Count) -> napi::Result<NativeId> {
    call(env, |state| {
        if max_slots.0 == 0 {
            return Err(Failure::new("value", "A FramePool needs at least one slot"));
        }
        NativeId::made(state.environment.pools.borrow_mut().insert(FramePool::new(max_slots.0)))
    })
}

/// What a pool holds, and how it was used.
#[napi(object)]
pub struct PoolStats {
    /// Slots that there are so far.
    #[napi(readonly)]
    pub slots: u32,
    /// Slots that are held neither here nor by a peer.
    #[napi(readonly)]
    pub free: u32,
    /// Pieces of shared memory that the slots lie in.
    #[napi(readonly)]
    pub segments: u32,
    /// Loans so far.
    #[napi(readonly)]
    pub acquired: f64,
    /// How often every slot was in use.
    #[napi(readonly)]
    pub refused: f64,
}

#[napi]
pub fn pool_stats(env: napi::Env, pool: NativeId) -> napi::Result<PoolStats> {
    call(env, |state| {
        let stats = {
            let pools = state.environment.pools.borrow();
            pools.get(pool.0).ok_or_else(|| Failure::closed("FramePool"))?.stats()
        };
        Ok(PoolStats {
            slots: stats.slots,
            free: stats.free,
            segments: stats.segments,
            acquired: stats.acquired as f64,
            refused: stats.refused as f64,
        })
    })
}

#[napi]
pub fn pool_close(env: napi::Env, pool: NativeId) -> napi::Result<()> {
    call(env, |state| {
        let pool = state.environment.pools.borrow_mut().remove(pool.0);
        drop(pool.ok_or_else(|| Failure::closed("FramePool"))?);
        // Peers that mapped its segments are to hear that they can let go.
        state.environment.schedule_flush();
        Ok(())
    })
}

/// Where the planes of a picture lie: five numbers for each, offset, stride, width, height, channels. A code is the format's
/// index in the low 8 bits, then 16 bits of colour.
#[napi]
pub fn texture_planes(
    env: napi::Env,
    #[napi(ts_arg_type = "number")] width: Count,
    #[napi(ts_arg_type = "number")] height: Count,
    #[napi(ts_arg_type = "number")] stride: Count,
    #[napi(ts_arg_type = "number")] code: Count,
) -> napi::Result<Vec<f64>> {
    call(env, |_| {
        let (format, colour) = pixels::from_code(code.0)?;
        let layout = TextureLayout { width: width.0, height: height.0, stride: stride.0, format, colour }.checked()?;
        let five = |plane: Plane| {
            [plane.offset as f64, plane.stride.into(), plane.width.into(), plane.height.into(), plane.channels.into()]
        };
        Ok(layout.planes().into_iter().flat_map(five).collect())
    })
}

/// True when nothing but its ArrayBuffer holds a mapping.
#[napi]
pub fn mapping_idle(env: napi::Env, #[napi(ts_arg_type = "number")] mapping: Whole) -> napi::Result<bool> {
    call(env, |state| {
        let mappings = state.environment.mappings.borrow();
        Ok(mappings.get(&(mapping.0 as usize)).is_none_or(|segment| segment.strong_count() <= 1))
    })
}

/// The slots of a handle's segment as one ArrayBuffer (without its generations, which are not JavaScript's to write), which
/// keeps the mapping alive. To be asked for once for each mapping, see `segment-views.ts`.
#[napi(ts_return_type = "ArrayBuffer")]
pub fn mapping_buffer(env: napi::Env, handle: NativeId) -> napi::Result<Value> {
    call(env, |state| {
        let segment = state.environment.frames.borrow().get(handle.0).map(|frame| frame.memory.segment().clone());
        let segment = segment.ok_or_else(|| Failure::closed("handle"))?;
        let (start, length) = segment.slots();
        let mut mappings = state.environment.mappings.borrow_mut();
        mappings.retain(|_, known| known.strong_count() > 0);
        mappings.insert(start as usize, Arc::downgrade(&segment));
        external_buffer(state.environment.env, start, length, segment).map(Value)
    })
}
