use crate::error::BridgeError;

/// What `receive` found.
#[derive(Debug)]
pub enum Event<V> {
    Control(V),
    Frame {
        port: usize,
        frame_id: u64,
        value: V,
    },
    /// A frame for a port that is not defined here; it was read and dropped.
    UnknownPort {
        port: usize,
        frame_id: u64,
    },
    /// A frame that could not be read because the system gave no memory to map it. Its leases go back; the next may come through.
    Lost {
        port: usize,
        frame_id: u64,
        error: BridgeError,
    },
    /// Only acknowledgements and releases.
    Housekeeping,
    /// The peer closed or died.
    Closed,
}
