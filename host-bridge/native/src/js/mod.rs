//! Node-API below napi-rs: values of frames and messages, of which the schema alone knows the types. `calls` has the functions
//! that JavaScript sees.

pub mod env;
pub mod failure;
pub mod reference;
mod throw;
pub mod value;

pub use env::{Env, Kind, Scope};
pub use failure::{panic_message, Failure, Result};
pub use reference::Reference;
pub use value::Value;
