use napi_sys::napi_value;

use super::env::Env;
use super::failure::{Failure, Result};

pub const MAX_ARGS: usize = 6;

/// The arguments of a call; one that was not given is `undefined`.
pub struct Args {
    pub env: Env,
    pub values: [napi_value; MAX_ARGS],
}

impl Args {
    pub fn value(&self, index: usize) -> napi_value {
        self.values[index]
    }

    /// An id of one of the tables, or any whole number that is not negative.
    pub fn id(&self, index: usize) -> Result<u64> {
        let number = self.env.to_f64(self.values[index])?;
        if (0.0..9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0 {
            Ok(number as u64)
        } else {
            Err(Failure::new("value", format!("{number} is not a whole number from 0 to 2^53 - 1")))
        }
    }

    pub fn unsigned(&self, index: usize) -> Result<u32> {
        let number = self.id(index)?;
        u32::try_from(number).map_err(|_| Failure::new("value", format!("{number} is too large")))
    }

    pub fn boolean(&self, index: usize) -> Result<bool> {
        self.env.to_bool(self.values[index])
    }

    pub fn string(&self, index: usize) -> Result<String> {
        self.env.to_string(self.values[index])
    }

    /// What a table answered to an insertion, as the id that JavaScript keeps.
    pub fn new_id(&self, id: Option<u64>) -> Result<napi_value> {
        match id {
            Some(id) => self.env.number(id as f64),
            None => Err(Failure::new("exhausted", "Too many native objects are open: something does not close them")),
        }
    }
}
