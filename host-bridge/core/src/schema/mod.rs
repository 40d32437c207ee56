//! Schemas: what the fields of a frame are. They are data; the codec has none built in.

mod builtin;
mod parse;
mod types;

pub use builtin::{audio_frame, bounding_box, object_detections, video_frame};
pub use types::{Field, FieldKey, FieldType, Fields, Schema, MAX_DEPTH, MAX_FIELDS, MAX_NAME};
