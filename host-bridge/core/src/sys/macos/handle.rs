//! What travels beside a message's values: an endpoint, shared memory, or a surface, as an XPC object.

use super::object::Object;
use crate::error::Result;

pub type Handle = Object;
pub type HandleRef<'a> = &'a Object;

pub fn borrow(handle: &Handle) -> HandleRef<'_> {
    handle
}

/// One of its own, for a message that has to wait.
pub fn keep(handle: HandleRef<'_>) -> Result<Handle> {
    Ok(handle.clone())
}
