//! A descriptor that a loop can poll for a queue with something in it: a pipe that holds one byte then.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use crate::error::{BridgeError, Result};

#[derive(Debug)]
pub struct Signal {
    outer: PipeReader,
    inner: PipeWriter,
    readable: Mutex<bool>,
}

impl Signal {
    pub fn new() -> Result<Self> {
        let (outer, inner) = std::io::pipe().map_err(|e| BridgeError::io("cannot make a descriptor to wait on", e))?;
        Ok(Self { outer, inner, readable: Mutex::new(false) })
    }

    /// Neither the write nor the read can block: there is one byte, or none.
    pub fn set_readable(&self, wanted: bool) {
        let mut readable = self.readable.lock().unwrap_or_else(PoisonError::into_inner);
        if *readable == wanted {
            return;
        }
        let moved = if wanted { (&self.inner).write(&[0]) } else { (&self.outer).read(&mut [0]) };
        if moved.is_ok() {
            *readable = wanted;
        }
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.outer.as_fd()
    }
}
