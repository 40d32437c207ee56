//! What travels beside a message's bytes: a reference.

use std::sync::Arc;

use super::endpoint::Door;
use super::memory::Region;
use crate::error::Result;

#[derive(Debug, Clone)]
pub enum Handle {
    Endpoint(Arc<Door>),
    Memory(Arc<Region>),
}

pub type HandleRef<'a> = &'a Handle;

pub fn borrow(handle: &Handle) -> HandleRef<'_> {
    handle
}

/// One of its own, for a message that has to wait.
pub fn keep(handle: HandleRef<'_>) -> Result<Handle> {
    Ok(handle.clone())
}
