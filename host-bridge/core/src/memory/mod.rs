//! Shared memory for frames: segments, the pool that a producer takes slots from, and references to one slot.

pub mod format;
mod frame;
mod layout;
mod pool;
mod releases;
mod segment;
mod slot_count;

pub use format::{Colour, PixelFormat, Plane};
pub use frame::{Frame, FrameRef};
pub use layout::{Layout, TextureLayout};
pub use pool::{FramePool, PoolStats, DEFAULT_MAX_SLOTS};
pub use releases::{Release, ReleaseQueue};
pub use segment::Segment;
