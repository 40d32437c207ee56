//! Handles of frames: a texture or buffer in JavaScript is a number here.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use napi_sys::{self as sys, napi_env, napi_value};
use streamlib_bridge::memory::{Frame, Layout, Segment};

use crate::environment::Environment;
use crate::js::{Env, Failure, Result};
use crate::pixels;

/// Puts a frame into the table and makes the object that JavaScript sees. Also returns the id, to take it back.
pub fn make_handle(environment: &Environment, frame: Frame) -> Result<(napi_value, u64)> {
    let env = environment.env;
    let memory = &frame.memory;
    let layout = frame.layout;
    let mapping = memory.segment().slots().0 as usize;
    let offset = memory.offset();
    let writable = memory.is_writable();
    let id = environment.frames.borrow_mut().insert(frame);
    let id = id.ok_or_else(|| Failure::new("exhausted", "Too many frames are held: something does not close them"))?;
    let place = [
        env.number(id as f64)?,
        env.number(mapping as f64)?,
        env.number(offset as f64)?,
        env.number(layout.byte_length() as f64)?,
        env.boolean(writable)?,
    ];
    let made = environment.installed(|installed| match layout {
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
                env.unsigned(pixels::code(texture.format, texture.colour))?,
            ];
            env.call(installed.make_texture.get(env)?, &arguments)
        }
    });
    match made {
        Ok(value) => Ok((value, id)),
        Err(failure) => {
            environment.frames.borrow_mut().remove(id);
            Err(failure)
        }
    }
}

/// Memory of a segment as an ArrayBuffer, which keeps the segment.
pub fn external_buffer(env: Env, start: *mut u8, length: usize, owner: Arc<Segment>) -> Result<napi_value> {
    let owner = Arc::into_raw(owner).cast_mut();
    let mut buffer = null_mut();
    let hint = owner.cast::<c_void>();
    // SAFETY: the memory is mapped while `owner` lives, which the finaliser lets go of.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(env.raw(), start.cast(), length, Some(let_go), hint, &mut buffer)
    };
    if let Err(failure) = env.check(status) {
        // SAFETY: node did not take it.
        drop(unsafe { Arc::from_raw(owner) });
        return Err(failure);
    }
    Ok(buffer)
}

/// # Safety
/// `owner` is the pointer that `external_buffer` made; node calls this once.
unsafe extern "C" fn let_go(_env: napi_env, _data: *mut c_void, owner: *mut c_void) {
    // SAFETY: as the contract above says.
    drop(unsafe { Arc::from_raw(owner.cast::<Segment>().cast_const()) });
}
