//! Schemas that ship with the project. Nothing treats them differently from a user's own.

use super::types::Schema;

fn builtin(json: &str) -> Schema {
    match Schema::from_json(json) {
        Ok(schema) => schema,
        Err(error) => unreachable!("a shipped schema is not valid: {error}"),
    }
}

const BOX_FIELDS: &str = r#"[{"name":"x","type":"Float32"},{"name":"y","type":"Float32"},{"name":"width","type":"Float32"},
 {"name":"height","type":"Float32"},{"name":"label","type":"String"},{"name":"confidence","type":"Float32"}]"#;

/// `pixel_buffer` (Texture), `timestamp_ns` (monotonic, when the frame was taken), `frame_number`, and where there is one, the
/// source's own time (`media_time`, nanoseconds).
pub fn video_frame() -> Schema {
    builtin(
        r#"{"name":"VideoFrame","fields":[{"name":"pixel_buffer","type":"Texture"},
        {"name":"timestamp_ns","type":"Int64"},{"name":"frame_number","type":"UInt64"},
        {"name":"media_time","type":{"Optional":"Int64"}}]}"#,
    )
}

/// `samples` (Buffer of interleaved float32), `channels`, `sample_rate` (Hz), `timestamp_ns`, `frame_number`.
pub fn audio_frame() -> Schema {
    builtin(
        r#"{"name":"AudioFrame","fields":[{"name":"samples","type":"Buffer"},{"name":"channels","type":"UInt32"},
        {"name":"sample_rate","type":"UInt32"},{"name":"timestamp_ns","type":"Int64"},{"name":"frame_number","type":"UInt64"}]}"#,
    )
}

/// Position and size in pixels of the frame, a label, a confidence from 0 to 1.
pub fn bounding_box() -> Schema {
    builtin(&format!(r#"{{"name":"BoundingBox","fields":{BOX_FIELDS}}}"#))
}

/// The boxes found in one frame, with that frame's timestamp and number.
pub fn object_detections() -> Schema {
    builtin(&format!(
        r#"{{"name":"ObjectDetections","fields":[{{"name":"detections","type":{{"Array":{{"Struct":{BOX_FIELDS}}}}}}},
        {{"name":"timestamp_ns","type":"Int64"}},{{"name":"frame_number","type":"UInt64"}}]}}"#
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_are_valid() {
        let names: Vec<String> =
            [super::video_frame(), super::audio_frame(), super::bounding_box(), super::object_detections()]
                .iter()
                .map(|s| s.name().to_owned())
                .collect();
        assert_eq!(names, ["VideoFrame", "AudioFrame", "BoundingBox", "ObjectDetections"]);
    }
}
