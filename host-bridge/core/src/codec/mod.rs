//! Values to bytes and back, in one walk over the schema that serves Rust, JavaScript and Python alike.
//!
//! A body is a dictionary of tagged values (the types of XPC, so that macOS maps one to one); a frame's fields stand in
//! the order of its schema.

mod decode;
mod encode;
mod handles;
mod raw;
mod reader;
mod scan;
pub(crate) mod tag;
mod traits;

pub use decode::{decode_any, decode_frame};
pub use encode::{encode_any, encode_frame};
pub use handles::{HandleReader, HandleWriter, NoHandles};
pub use raw::{RawHandle, NO_HANDLE, RAW_BUFFER, RAW_TEXTURE, WITH_COLOUR};
pub use reader::Reader;
pub(crate) use scan::scan_handles;
pub use traits::{Key, Sink, Source};
