use napi_sys::napi_value;
use streamlib_bridge::codec::{Key, Sink};
use streamlib_bridge::connection::ENDPOINT_KEY;
use streamlib_bridge::error::{BridgeError, Code, Result as CoreResult};
use streamlib_bridge::memory::Frame;
use streamlib_bridge::schema::Fields;
use streamlib_bridge::sys::endpoint::Endpoint;

use super::keys::Port;
use crate::environment::Environment;
use crate::handles::make_handle;
use crate::js::{Env, Failure, Result};

const MAX_SAFE: i64 = (1 << 53) - 1;

/// Builds the values of one message.
pub struct JsSink<'a> {
    environment: &'a Environment,
    env: Env,
    inputs: &'a [Port],
    /// Names by `FieldKey::id`, once it is known that a frame comes; None for control messages.
    keys: Option<napi_value>,
    endpoint: Option<Endpoint>,
    /// The value that stands for the endpoint in its dictionary: it is handed over beside the message, not in it.
    stand_in: bool,
    /// Handles made for this message: taken back if the rest of it turns out to be malformed.
    made: &'a mut Vec<u64>,
    failure: Option<Failure>,
}

impl<'a> JsSink<'a> {
    pub fn new(environment: &'a Environment, inputs: &'a [Port], made: &'a mut Vec<u64>) -> Self {
        made.clear();
        Self {
            environment,
            env: environment.env,
            inputs,
            keys: None,
            endpoint: None,
            stand_in: false,
            made,
            failure: None,
        }
    }

    pub fn for_frame(environment: &'a Environment, keys: napi_value, made: &'a mut Vec<u64>) -> Self {
        Self { keys: Some(keys), ..Self::new(environment, &[], made) }
    }

    pub fn take_endpoint(&mut self) -> Option<Endpoint> {
        self.endpoint.take()
    }

    /// The core's outcome, unless Node-API failed in between.
    pub fn outcome<T>(&mut self, result: CoreResult<T>) -> Result<T> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        self.abandon();
        Err(self.failure.take().unwrap_or_else(|| error.into()))
    }

    /// Gives back what the message brought, because it will not be delivered.
    pub fn abandon(&mut self) {
        self.endpoint = None;
        for id in self.made.drain(..) {
            let frame = self.environment.frames.borrow_mut().remove(id);
            drop(frame);
        }
    }

    fn carry<T>(&mut self, result: Result<T>) -> CoreResult<T> {
        result.map_err(|failure| {
            self.failure = Some(failure);
            BridgeError::new(Code::Io, "JavaScript could not take the value")
        })
    }

    fn handle(&mut self, frame: Frame) -> CoreResult<napi_value> {
        let made = make_handle(self.environment, frame);
        let (value, id) = self.carry(made)?;
        self.made.push(id);
        Ok(value)
    }
}

impl Sink for JsSink<'_> {
    type Value = napi_value;
    type Array = napi_value;
    type Dictionary = napi_value;

    fn begin_frame(&mut self, port: usize) {
        let keys = self.inputs.get(port).map(|port| port.keys.get(self.env));
        self.keys = keys.and_then(|keys| self.carry(keys).ok());
    }

    fn null(&mut self) -> CoreResult<napi_value> {
        let value = self.env.null();
        self.carry(value)
    }

    fn boolean(&mut self, value: bool) -> CoreResult<napi_value> {
        let value = self.env.boolean(value);
        self.carry(value)
    }

    fn int32(&mut self, value: i32) -> CoreResult<napi_value> {
        let value = self.env.integer(value);
        self.carry(value)
    }

    fn uint32(&mut self, value: u32) -> CoreResult<napi_value> {
        let value = self.env.unsigned(value);
        self.carry(value)
    }

    /// A bigint where a schema says so; a control message has none, and small numbers are nicer.
    fn int64(&mut self, value: i64) -> CoreResult<napi_value> {
        let small = self.keys.is_none() && (-MAX_SAFE..=MAX_SAFE).contains(&value);
        let value = if small { self.env.number(value as f64) } else { self.env.bigint_i64(value) };
        self.carry(value)
    }

    fn uint64(&mut self, value: u64) -> CoreResult<napi_value> {
        let small = self.keys.is_none() && value <= MAX_SAFE as u64;
        let value = if small { self.env.number(value as f64) } else { self.env.bigint_u64(value) };
        self.carry(value)
    }

    fn float(&mut self, value: f64) -> CoreResult<napi_value> {
        let value = self.env.number(value);
        self.carry(value)
    }

    fn text(&mut self, value: &str) -> CoreResult<napi_value> {
        let value = self.env.string(value);
        self.carry(value)
    }

    fn bytes(&mut self, value: &[u8]) -> CoreResult<napi_value> {
        let value = self.env.bytes(value);
        self.carry(value)
    }

    fn texture(&mut self, frame: Frame) -> CoreResult<napi_value> {
        self.handle(frame)
    }

    fn buffer(&mut self, frame: Frame) -> CoreResult<napi_value> {
        self.handle(frame)
    }

    fn endpoint(&mut self, endpoint: Endpoint) -> CoreResult<napi_value> {
        if self.endpoint.is_some() {
            return Err(BridgeError::malformed("a message with two endpoints"));
        }
        self.endpoint = Some(endpoint);
        self.stand_in = true;
        self.null()
    }

    fn array(&mut self, length: usize) -> CoreResult<napi_value> {
        let value = self.env.array(length);
        self.carry(value)
    }

    fn array_push(&mut self, array: &mut napi_value, index: usize, value: napi_value) -> CoreResult<()> {
        let set = self.env.set_element(*array, index as u32, value);
        self.carry(set)
    }

    fn array_end(&mut self, array: napi_value) -> CoreResult<napi_value> {
        Ok(array)
    }

    fn dictionary(&mut self, _: Option<&Fields>) -> CoreResult<napi_value> {
        let value = self.env.object();
        self.carry(value)
    }

    fn dictionary_set(&mut self, dictionary: &mut napi_value, key: Key<'_>, value: napi_value) -> CoreResult<()> {
        let env = self.env;
        if std::mem::take(&mut self.stand_in) && key.name() == ENDPOINT_KEY {
            return Ok(());
        }
        let set = match (key, self.keys) {
            (Key::Field(field), Some(keys)) => {
                env.element(keys, field.id as u32).and_then(|name| env.set(*dictionary, name, value))
            }
            // A peer that is not trusted chose this name: assigning to it would change the object's prototype.
            (key, _) if key.name() == "__proto__" => {
                return Err(BridgeError::malformed("a control message with a key __proto__"));
            }
            (key, _) => env.set_named(*dictionary, key.name(), value),
        };
        self.carry(set)
    }

    fn dictionary_end(&mut self, dictionary: napi_value) -> CoreResult<napi_value> {
        Ok(dictionary)
    }
}
