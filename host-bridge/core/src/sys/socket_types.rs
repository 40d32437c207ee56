//! What a socket tells, the same on every system.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCredentials {
    pub pid: u32,
    pub uid: u32,
}

pub enum Sent {
    Done,
    WouldBlock,
    /// The peer is gone.
    Closed,
}

pub enum Received {
    /// So many bytes are in the buffer.
    Datagram(usize),
    WouldBlock,
    Closed,
}
