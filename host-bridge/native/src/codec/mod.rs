//! JavaScript values to the core's walk over a schema, and back.

mod keys;
mod sink;
mod source;

use napi_sys::napi_value;
use streamlib_bridge::codec::{decode_frame, encode_frame, NoHandles, Reader};
use streamlib_bridge::schema::Schema;

use crate::js::{Args, Failure, Result};
use crate::state::State;

pub use keys::{Keys, Port};
pub use sink::JsSink;
pub use source::Encoding;

/// `encodeValue(schemaJson, value)`
pub fn encode_value(state: &State, args: &Args) -> Result<napi_value> {
    let schema = Schema::from_json(&args.string(0)?)?;
    let keys = Keys::array(args.env, &schema)?;
    let encoding = Encoding::new(state, Some(keys));
    let mut bytes = Vec::new();
    encoding.outcome(encode_frame(&schema, &encoding.source(args.value(1)), &mut bytes, &mut NoHandles))?;
    args.env.bytes(&bytes)
}

/// `decodeValue(schemaJson, bytes)`
pub fn decode_value(state: &State, args: &Args) -> Result<napi_value> {
    let schema = Schema::from_json(&args.string(0)?)?;
    let keys = Keys::array(args.env, &schema)?;
    let bytes = args.env.uint8_array(args.value(1))?;
    let bytes = bytes.ok_or_else(|| Failure::new("value", "Expected a Uint8Array"))?.to_vec();
    let mut made = Vec::new();
    let mut sink = JsSink::for_frame(state, keys, &mut made);
    let mut reader = Reader::new(&bytes);
    let decoded = decode_frame(&schema, &mut reader, &mut sink, &mut NoHandles);
    let decoded = decoded.and_then(|value| reader.finish().map(|()| value));
    sink.outcome(decoded)
}
