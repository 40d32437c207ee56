use std::cell::Cell;

use napi_sys::napi_value;
use streamlib_bridge::codec::Source;
use streamlib_bridge::error::{BridgeError, Code, Result as CoreResult};
use streamlib_bridge::memory::{Frame, Layout};
use streamlib_bridge::schema::{FieldKey, Fields};

use crate::environment::{Environment, NATIVE_HANDLE};
use crate::js::{Env, Failure, Kind, Result};

/// Numbers up to here are exact; beyond, an integer has to be a bigint.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// One encoding: what its values share.
pub struct Encoding<'a> {
    environment: &'a Environment,
    env: Env,
    /// Names by `FieldKey::id`; None without a schema.
    keys: Option<napi_value>,
    /// `"nativeHandle"`, looked up when the first handle comes.
    handle_name: Cell<Option<napi_value>>,
    /// JavaScript threw while it was asked for a value (a getter, a proxy).
    threw: Cell<bool>,
}

impl<'a> Encoding<'a> {
    pub fn new(environment: &'a Environment, keys: Option<napi_value>) -> Self {
        Self { environment, env: environment.env, keys, handle_name: Cell::new(None), threw: Cell::new(false) }
    }

    pub fn source(&self, value: napi_value) -> JsSource<'_> {
        JsSource { encoding: self, value }
    }

    /// The core's outcome, unless JavaScript threw in between: then its exception is the outcome.
    pub fn outcome<T>(&self, result: CoreResult<T>) -> Result<T> {
        match result {
            Err(_) if self.threw.get() => Err(Failure::Pending),
            other => Ok(other?),
        }
    }

    /// A failure of Node-API on its way through the core, which adds port and field.
    fn carry<T>(&self, result: Result<T>) -> CoreResult<T> {
        result.map_err(|failure| match failure {
            Failure::Bridge(details) => BridgeError::value(details.message),
            Failure::Pending => {
                self.threw.set(true);
                BridgeError::value("JavaScript threw while it was read")
            }
        })
    }

    fn handle_name(&self) -> Result<napi_value> {
        if let Some(name) = self.handle_name.get() {
            return Ok(name);
        }
        let name =
            self.environment.installed(|installed| self.env.element(installed.names.get(self.env)?, NATIVE_HANDLE))?;
        self.handle_name.set(Some(name));
        Ok(name)
    }
}

pub struct JsSource<'a> {
    encoding: &'a Encoding<'a>,
    value: napi_value,
}

impl JsSource<'_> {
    fn env(&self) -> Env {
        self.encoding.env
    }

    fn kind(&self) -> CoreResult<Kind> {
        self.encoding.carry(self.env().kind(self.value))
    }

    fn number(&self) -> CoreResult<f64> {
        self.encoding.carry(self.env().to_f64(self.value))
    }

    fn bigint(&self) -> Result<i128> {
        let env = self.env();
        let (signed, fits) = env.to_i64(self.value)?;
        if fits {
            return Ok(i128::from(signed));
        }
        let (unsigned, fits) = env.to_u64(self.value)?;
        if fits {
            return Ok(i128::from(unsigned));
        }
        // Far out of every range: only its sign matters for the message that will follow.
        env.bigint_sign(self.value).map(|negative| if negative { i128::MIN } else { i128::MAX })
    }

    fn handle(&self) -> CoreResult<Option<Frame>> {
        if self.kind()? != Kind::Object {
            return Ok(None);
        }
        let env = self.env();
        let name = self.encoding.carry(self.encoding.handle_name())?;
        let id = self.encoding.carry(env.get(self.value, name))?;
        if self.encoding.carry(env.kind(id))? != Kind::Number {
            return Ok(None);
        }
        let id = self.encoding.carry(env.to_f64(id))?;
        let frame = self.encoding.environment.frames.borrow().get(id as u64).cloned();
        let closed = || BridgeError::new(Code::Closed, "was closed; send it before close(), or send a clone()");
        frame.map(Some).ok_or_else(closed)
    }
}

impl Source for JsSource<'_> {
    fn describe(&self) -> String {
        let env = self.env();
        let text = || env.to_string(self.value);
        match self.kind() {
            Ok(Kind::Undefined) => "undefined".to_owned(),
            Ok(Kind::Null) => "null".to_owned(),
            Ok(Kind::Boolean) => "a boolean".to_owned(),
            Ok(Kind::Number) => match env.to_f64(self.value) {
                Ok(n) if n.fract() == 0.0 && n.abs() > MAX_SAFE => format!("the number {n} (use a bigint)"),
                Ok(n) => format!("the number {n}"),
                Err(_) => "a number".to_owned(),
            },
            Ok(Kind::BigInt) => match self.bigint() {
                Ok(n) => format!("the bigint {n}"),
                Err(_) => "a bigint".to_owned(),
            },
            Ok(Kind::String) => match text() {
                Ok(text) if text.chars().count() <= 40 => format!("{text:?}"),
                _ => "a string".to_owned(),
            },
            Ok(Kind::Function) => "a function".to_owned(),
            Ok(Kind::Object) if env.is_array(self.value).unwrap_or(false) => "an array".to_owned(),
            _ => "an object".to_owned(),
        }
    }

    /// `undefined` counts as null, as it does where an optional field is left out.
    fn is_null(&self) -> CoreResult<bool> {
        Ok(matches!(self.kind()?, Kind::Null | Kind::Undefined))
    }

    fn boolean(&self) -> CoreResult<Option<bool>> {
        if self.kind()? != Kind::Boolean {
            return Ok(None);
        }
        self.encoding.carry(self.env().to_bool(self.value)).map(Some)
    }

    fn integer(&self) -> CoreResult<Option<i128>> {
        match self.kind()? {
            Kind::BigInt => self.encoding.carry(self.bigint()).map(Some),
            Kind::Number => {
                let n = self.number()?;
                Ok((n.fract() == 0.0 && n.abs() <= MAX_SAFE).then_some(n as i128))
            }
            _ => Ok(None),
        }
    }

    fn float(&self) -> CoreResult<Option<f64>> {
        if self.kind()? != Kind::Number {
            return Ok(None);
        }
        self.number().map(Some)
    }

    fn text<R>(&self, read: impl FnOnce(&str) -> R) -> CoreResult<Option<R>> {
        if self.kind()? != Kind::String {
            return Ok(None);
        }
        let mut scratch = self.encoding.environment.scratch.borrow_mut();
        scratch.clear();
        self.encoding.carry(self.env().append_string(self.value, &mut scratch))?;
        match std::str::from_utf8(&scratch) {
            Ok(text) => Ok(Some(read(text))),
            Err(_) => Err(BridgeError::value("is text that has no form in UTF-8")),
        }
    }

    fn bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> CoreResult<Option<R>> {
        if self.kind()? != Kind::Object {
            return Ok(None);
        }
        Ok(self.encoding.carry(self.env().uint8_array(self.value))?.map(read))
    }

    fn texture(&self) -> CoreResult<Option<Frame>> {
        Ok(self.handle()?.filter(|frame| matches!(frame.layout, Layout::Texture(_))))
    }

    fn buffer(&self) -> CoreResult<Option<Frame>> {
        Ok(self.handle()?.filter(|frame| matches!(frame.layout, Layout::Buffer { .. })))
    }

    fn length(&self) -> CoreResult<Option<usize>> {
        let env = self.env();
        if self.kind()? != Kind::Object || !self.encoding.carry(env.is_array(self.value))? {
            return Ok(None);
        }
        Ok(Some(self.encoding.carry(env.array_length(self.value))? as usize))
    }

    fn item(&self, index: usize) -> CoreResult<Self> {
        let value = self.encoding.carry(self.env().element(self.value, index as u32))?;
        Ok(Self { encoding: self.encoding, value })
    }

    fn is_dictionary(&self) -> CoreResult<bool> {
        Ok(self.kind()? == Kind::Object && !self.encoding.carry(self.env().is_array(self.value))?)
    }

    fn field(&self, key: &FieldKey) -> CoreResult<Option<Self>> {
        let env = self.env();
        let name = match self.encoding.keys {
            Some(keys) => self.encoding.carry(env.element(keys, key.id as u32))?,
            None => self.encoding.carry(env.string(&key.name))?,
        };
        let value = self.encoding.carry(env.get(self.value, name))?;
        let absent = self.encoding.carry(env.kind(value))? == Kind::Undefined;
        Ok((!absent).then_some(Self { encoding: self.encoding, value }))
    }

    /// `unknownFieldCheck` in TypeScript has looked already: listing keys costs far less there.
    fn unknown_field(&self, _: &Fields, _: usize) -> CoreResult<Option<String>> {
        Ok(None)
    }

    fn entries(&self, each: &mut dyn FnMut(&str, &Self) -> CoreResult<()>) -> CoreResult<()> {
        let env = self.env();
        let carry = |result| self.encoding.carry(result);
        let keys = carry(env.own_keys(self.value))?;
        let count = self.encoding.carry(env.array_length(keys))?;
        for index in 0..count {
            let key = carry(env.element(keys, index))?;
            let value = carry(env.get(self.value, key))?;
            // As in JSON: what is undefined is left out.
            if self.encoding.carry(env.kind(value))? == Kind::Undefined {
                continue;
            }
            let name = self.encoding.carry(env.to_string(key))?;
            each(&name, &Self { encoding: self.encoding, value })?;
        }
        Ok(())
    }

    /// An integer has no way to say -0.
    fn prefers_float(&self) -> bool {
        matches!(self.kind(), Ok(Kind::Number)) && self.number().is_ok_and(|n| n == 0.0 && n.is_sign_negative())
    }
}
