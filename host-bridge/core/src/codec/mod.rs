//! Values to bytes and back, in one walk over the schema that serves Rust, JavaScript and Python alike.
//!
//! A body is a dictionary of tagged values (the types of XPC, so that macOS maps one to one); a frame's fields stand in
//! the order of its schema.

mod decode;
mod encode;
mod raw;
mod scan;
mod traits;

pub use decode::{decode_any, decode_frame};
pub use encode::{encode_any, encode_frame};
pub use raw::{HandleReader, HandleWriter, NoHandles, RawHandle, Reader, NO_HANDLE, RAW_BUFFER, RAW_TEXTURE};
pub(crate) use scan::scan_handles;
pub use traits::{Key, Sink, Source};

/// What stands before each value.
pub(crate) mod tag {
    pub const NULL: u8 = 0;
    pub const BOOL: u8 = 1;
    pub const INT64: u8 = 2;
    pub const UINT64: u8 = 3;
    pub const DOUBLE: u8 = 4;
    pub const STRING: u8 = 5;
    pub const DATA: u8 = 6;
    pub const ARRAY: u8 = 7;
    pub const DICTIONARY: u8 = 8;
    pub const TEXTURE: u8 = 9;
    pub const BUFFER: u8 = 10;
    pub const ENDPOINT: u8 = 11;
}
