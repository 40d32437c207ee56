//! Bodies of frames without a connection, for tests and diagnostics.

use napi_derive::napi;
use streamlib_bridge::codec::{decode_frame, encode_frame, NoHandles, Reader};
use streamlib_bridge::schema::Schema;

use super::border::{call, Text};
use crate::codec::{Encoding, JsSink, Keys};
use crate::js::{Failure, Value};

#[napi(ts_return_type = "Uint8Array")]
pub fn encode_value(
    env: napi::Env,
    #[napi(ts_arg_type = "string")] schema_json: Text,
    #[napi(ts_arg_type = "object")] value: Value,
) -> napi::Result<Value> {
    call(env, |state| {
        let env = state.environment.env;
        let schema = Schema::from_json(&schema_json.0)?;
        let keys = Keys::array(env, &schema)?;
        let encoding = Encoding::new(&state.environment, Some(keys));
        let mut bytes = Vec::new();
        encoding.outcome(encode_frame(&schema, &encoding.source(value.0), &mut bytes, &mut NoHandles))?;
        env.bytes(&bytes).map(Value)
    })
}

#[napi(ts_return_type = "Record<string, unknown>")]
pub fn decode_value(
    env: napi::Env,
    #[napi(ts_arg_type = "string")] schema_json: Text,
    #[napi(ts_arg_type = "Uint8Array")] bytes: Value,
) -> napi::Result<Value> {
    call(env, |state| {
        let env = state.environment.env;
        let schema = Schema::from_json(&schema_json.0)?;
        let keys = Keys::array(env, &schema)?;
        let bytes = env.uint8_array(bytes.0)?;
        let bytes = bytes.ok_or_else(|| Failure::new("value", "Expected a Uint8Array"))?.to_vec();
        let mut made = Vec::new();
        let mut sink = JsSink::for_frame(&state.environment, keys, &mut made);
        let mut reader = Reader::new(&bytes);
        let decoded = decode_frame(&schema, &mut reader, &mut sink, &mut NoHandles);
        let decoded = decoded.and_then(|value| reader.finish().map(|()| value));
        sink.outcome(decoded).map(Value)
    })
}
