use napi_sys::napi_value;
use streamlib_bridge::schema::{FieldType, Fields, Schema};

use crate::js::{Env, Failure, Reference, Result};

/// The field names of a schema as JavaScript strings, made once: an array of them, indexed by `FieldKey::id`. (Node-API 8
/// can't keep a reference to a string, but to an array.)
pub struct Keys(Reference);

impl Keys {
    pub fn new(env: Env, schema: &Schema) -> Result<Self> {
        Ok(Self(Reference::new(env, Self::array(env, schema)?)?))
    }

    pub fn get(&self, env: Env) -> Result<napi_value> {
        self.0.get(env)
    }

    pub fn array(env: Env, schema: &Schema) -> Result<napi_value> {
        let array = env.array(schema.key_count())?;
        fill(env, array, schema.fields())?;
        Ok(array)
    }
}

fn fill(env: Env, array: napi_value, fields: &Fields) -> Result<()> {
    for field in &fields.0 {
        if &*field.key.name == "__proto__" {
            return Err(Failure::new("schema", "A field cannot be called __proto__: JavaScript objects have no such"));
        }
        env.set_element(array, field.key.id as u32, env.string(&field.key.name)?)?;
        fill_type(env, array, &field.ty)?;
    }
    Ok(())
}

fn fill_type(env: Env, array: napi_value, ty: &FieldType) -> Result<()> {
    match ty {
        FieldType::Array(inner) | FieldType::Optional(inner) => fill_type(env, array, inner),
        FieldType::Struct(fields) => fill(env, array, fields),
        _ => Ok(()),
    }
}

/// What a connection keeps for one of its ports.
pub struct Port {
    pub keys: Keys,
}
