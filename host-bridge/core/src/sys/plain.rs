//! Memory that is memory, whatever lies in it: that of Linux, and of the backend without a system.

use crate::memory::format::Layout;

/// How many bytes a mapping of so much memory has.
pub const fn mapped_length(n: usize) -> usize {
    n
}

/// What a segment can hold. Elsewhere a texture is an object of its own; here memory is memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form;

impl Form {
    pub fn of(_layout: &Layout) -> Self {
        Self
    }

    /// True when a frame of this layout can lie in it.
    pub fn holds(self, _layout: &Layout) -> bool {
        true
    }

    /// How many slots of the `most` that were asked for one segment can have.
    pub fn slots(self, most: u32) -> u32 {
        most
    }
}
