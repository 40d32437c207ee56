//! What travels beside a message's bytes: a descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{BridgeError, Result};

/// Owned by the message that it came with, until somebody takes it out.
pub type Handle = OwnedFd;
pub type HandleRef<'a> = BorrowedFd<'a>;

pub fn borrow(handle: &Handle) -> HandleRef<'_> {
    handle.as_fd()
}

/// One of its own, for a message that has to wait.
pub fn keep(handle: HandleRef<'_>) -> Result<Handle> {
    handle.try_clone_to_owned().map_err(|e| BridgeError::io("cannot keep a descriptor", e))
}
