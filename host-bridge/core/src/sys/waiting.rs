//! Waiting for descriptors: the same on every system, whatever the descriptors stand for.

#[cfg(not(feature = "in-process"))]
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::error::{BridgeError, Result};

/// Blocks until something can be read (or written), the peer hangs up, or the time is over. False: the time is over.
#[cfg(not(feature = "in-process"))]
pub fn wait(socket: impl AsFd, write: bool, timeout: Option<Duration>) -> Result<bool> {
    let wanted = if write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    let timeout = timeout.map(|t| Timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) });
    let mut fds = [PollFd::new(&socket, wanted)];
    match poll(&mut fds, timeout.as_ref()) {
        Ok(n) => Ok(n > 0),
        // A signal: the caller looks at it (Python runs its handlers) and comes again.
        Err(Errno::INTR) => Ok(true),
        Err(e) => Err(BridgeError::io("cannot wait for a message", e)),
    }
}

/// One of several sockets that are waited for.
#[derive(Debug)]
pub struct Interest<'a> {
    pub socket: BorrowedFd<'a>,
    /// Also for room to send.
    pub write: bool,
    /// Has something already, whatever its socket says.
    pub due: bool,
}

/// Blocks until one of several sockets has something, and tells which. False: the time is over.
pub fn wait_any(interests: &[Interest<'_>], timeout: Option<Duration>, ready: &mut [bool]) -> Result<bool> {
    let mut due = false;
    let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(interests.len());
    for interest in interests {
        due |= interest.due;
        let wanted = if interest.write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        fds.push(PollFd::new(&interest.socket, wanted));
    }
    let timeout = if due { Some(Duration::ZERO) } else { timeout };
    let timeout = timeout.map(|t| Timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) });
    let found = match poll(&mut fds, timeout.as_ref()) {
        Ok(n) => n > 0,
        // As for `wait`.
        Err(Errno::INTR) => return Ok(true),
        Err(e) => return Err(BridgeError::io("cannot wait for messages", e)),
    };
    for ((mark, fd), interest) in ready.iter_mut().zip(&fds).zip(interests) {
        *mark = interest.due || !fd.revents().is_empty();
    }
    Ok(found || due)
}
