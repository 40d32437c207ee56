//! JavaScript values to the core's walk over a schema, and back.

mod keys;
mod sink;
mod source;

pub use keys::{Keys, Port};
pub use sink::JsSink;
pub use source::Encoding;
