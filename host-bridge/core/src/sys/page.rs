//! The unit in which memory is laid out, the same on every system: segments cross between processes.

pub const PAGE: usize = 4096;

pub const fn page_align(n: usize) -> usize {
    n.div_ceil(PAGE) * PAGE
}
