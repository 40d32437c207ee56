//! Limits that the wire and the systems below it share.

/// Longest body of a message, in bytes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
