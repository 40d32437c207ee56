pub mod endpoint;
pub mod handle;
pub mod memory;
pub mod process;
pub mod service_manager;
pub mod socket;
