//! What stands before each value.

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
