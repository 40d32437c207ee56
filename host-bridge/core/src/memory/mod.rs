//! Shared memory for frames: segments, the pool that a producer takes slots from, and references to one slot.

pub mod format;
mod frame;
mod pool;
mod releases;
mod segment;
mod slot_count;

pub use format::{Colour, Layout, PixelFormat, Plane, TextureLayout};
pub use frame::{Frame, FrameRef};
pub use pool::{FramePool, PoolStats, DEFAULT_MAX_SLOTS};
pub use releases::{Release, ReleaseQueue};
pub use segment::Segment;
