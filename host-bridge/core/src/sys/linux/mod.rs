pub mod endpoint;
pub mod memory;
pub mod process;
pub mod socket;
