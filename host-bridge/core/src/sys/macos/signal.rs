//! A descriptor that a loop can poll for something that is no descriptor: messages in a queue, room for more.
//!
//! It is one end of a socket pair. A byte sent to it makes it readable; filling what it sends itself makes it unwritable.
//! XPC calls back on its own threads, and libuv and Python wait on descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::error::{BridgeError, Result};

#[derive(Debug)]
pub struct Signal {
    outer: OwnedFd,
    inner: OwnedFd,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    readable: bool,
    writable: bool,
}

impl Signal {
    /// Not readable, writable.
    pub fn new() -> Result<Self> {
        let failed = |e| BridgeError::io("cannot make a descriptor to wait on", e);
        let (outer, inner) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)
                .map_err(failed)?;
        for fd in [&outer, &inner] {
            rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC).map_err(failed)?;
            rustix::io::ioctl_fionbio(fd, true).map_err(failed)?;
            // As little as the system allows: what is filled has to be drained again.
            let _ = rustix::net::sockopt::set_socket_send_buffer_size(fd, 1);
        }
        Ok(Self { outer, inner, state: Mutex::new(State { readable: false, writable: true }) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_readable(&self, wanted: bool) {
        let mut state = self.lock();
        if state.readable != wanted {
            state.readable = wanted;
            if wanted {
                fill(&self.inner, 1);
            } else {
                drain(&self.outer);
            }
        }
    }

    pub fn set_writable(&self, wanted: bool) {
        let mut state = self.lock();
        if state.writable != wanted {
            state.writable = wanted;
            if wanted {
                drain(&self.inner);
            } else {
                fill(&self.outer, usize::MAX);
            }
        }
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.outer.as_fd()
    }
}

fn fill(fd: &OwnedFd, mut most: usize) {
    let block = [0u8; 512];
    // Large pieces first, then single bytes: a stream takes what fits or nothing.
    for size in [512, 64, 1] {
        while most > 0 {
            match rustix::net::send(fd, &block[..size.min(most)], SendFlags::empty()) {
                Ok(sent) => most = most.saturating_sub(sent.max(1)),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
    }
}

fn drain(fd: &OwnedFd) {
    let mut block = [0u8; 4096];
    loop {
        match rustix::net::recv(fd, &mut block[..], RecvFlags::empty()) {
            Ok((_, 0)) => return,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{poll, PollFd, PollFlags, Timespec};

    fn state(signal: &Signal) -> (bool, bool) {
        let mut fds = [PollFd::new(signal, PollFlags::IN | PollFlags::OUT)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap();
        (fds[0].revents().contains(PollFlags::IN), fds[0].revents().contains(PollFlags::OUT))
    }

    #[test]
    fn a_loop_sees_what_was_set_as_often_as_it_is_set() {
        let signal = Signal::new().unwrap();
        assert_eq!(state(&signal), (false, true));
        for _ in 0..100 {
            signal.set_readable(true);
            signal.set_readable(true);
            signal.set_writable(false);
            assert_eq!(state(&signal), (true, false));
            signal.set_readable(false);
            assert_eq!(state(&signal), (false, false));
            signal.set_writable(true);
            assert_eq!(state(&signal), (false, true));
        }
    }
}
