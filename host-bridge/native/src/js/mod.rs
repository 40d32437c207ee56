//! Node-API, as far as the addon uses it. All `napi_*` calls are in this folder.

pub mod args;
pub mod env;
pub mod failure;
pub mod reference;

pub use args::Args;
pub use env::{Env, Kind, Scope};
pub use failure::{Failure, Result};
pub use reference::Reference;
