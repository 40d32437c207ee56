//! Field names as Python strings, made once per schema instead of once per frame.

use pyo3::prelude::*;
use pyo3::types::PyString;
use streamlib_bridge::schema::{FieldType, Fields, Schema};

/// A schema's field names as interned Python strings, by `FieldKey::id`.
pub fn keys(py: Python<'_>, schema: &Schema) -> Vec<Py<PyString>> {
    let mut names = vec![""; schema.key_count()];
    collect(schema.fields(), &mut names);
    names.into_iter().map(|name| PyString::intern(py, name).unbind()).collect()
}

fn collect<'a>(fields: &'a Fields, names: &mut [&'a str]) {
    for field in &fields.0 {
        names[field.key.id] = &field.key.name;
        nested(&field.ty, names);
    }
}

fn nested<'a>(ty: &'a FieldType, names: &mut [&'a str]) {
    match ty {
        FieldType::Struct(fields) => collect(fields, names),
        FieldType::Array(inner) | FieldType::Optional(inner) => nested(inner, names),
        _ => {}
    }
}
