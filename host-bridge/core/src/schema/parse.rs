//! Schemas from and to JSON, checked at the border.

use serde_json::{json, Map, Value as Json};

use super::types::{Field, FieldKey, FieldType, Fields, Schema, MAX_DEPTH, MAX_FIELDS, MAX_NAME};
use crate::error::{BridgeError, Code, Result};

impl Schema {
    /// Reads `{"name": …, "fields": [{"name": …, "type": …}, …]}`.
    pub fn from_json(text: &str) -> Result<Self> {
        let json: Json = serde_json::from_str(text).map_err(|e| bad(format!("a schema must be JSON: {e}")))?;
        Self::from_value(&json)
    }

    pub fn from_value(json: &Json) -> Result<Self> {
        let object = object(json, "a schema", &["name", "fields"])?;
        let name = identifier(object.get("name"), "a schema's name")?;
        let mut parser = Parser { keys: 0 };
        let fields = parser.fields(object.get("fields"), 0).map_err(|mut e| {
            e.message = format!("schema {name}: {}", e.message);
            e
        })?;
        Ok(Self::new(name, fields, parser.keys))
    }

    pub fn to_value(&self) -> Json {
        json!({ "name": self.name(), "fields": fields_to_json(self.fields()) })
    }

    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }
}

fn bad(message: String) -> BridgeError {
    BridgeError::new(Code::Schema, message)
}

fn object<'a>(json: &'a Json, what: &str, keys: &[&str]) -> Result<&'a Map<String, Json>> {
    let object = json.as_object().ok_or_else(|| bad(format!("{what} must be an object, not {json}")))?;
    match object.keys().find(|k| !keys.contains(&k.as_str())) {
        Some(key) => Err(bad(format!("{what} has an unknown key {key:?}; known: {}", keys.join(", ")))),
        None => Ok(object),
    }
}

fn identifier(json: Option<&Json>, what: &str) -> Result<String> {
    let text = json.and_then(Json::as_str).ok_or_else(|| bad(format!("{what} must be a string")))?;
    let mut bytes = text.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !starts_well || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') || text.len() > MAX_NAME {
        return Err(bad(format!(
            "{what} is {text:?}; it must be 1 to {MAX_NAME} letters, digits and underscores, not starting with a digit"
        )));
    }
    Ok(text.to_owned())
}

struct Parser {
    keys: usize,
}

impl Parser {
    fn fields(&mut self, json: Option<&Json>, depth: usize) -> Result<Fields> {
        let list = json.and_then(Json::as_array).ok_or_else(|| bad("\"fields\" must be a list".into()))?;
        let mut fields: Vec<Field> = Vec::new();
        for item in list {
            let item = object(item, "a field", &["name", "type"])?;
            let name = identifier(item.get("name"), "a field's name")?;
            if fields.iter().any(|f| *f.key.name == *name) {
                return Err(bad(format!("field {name} is defined twice")));
            }
            let id = self.keys;
            self.keys += 1;
            if self.keys > MAX_FIELDS {
                return Err(bad(format!("more than {MAX_FIELDS} fields")));
            }
            let ty = item.get("type").ok_or_else(|| bad(format!("field {name} has no type")))?;
            let ty = self.ty(ty, depth + 1).map_err(|mut e| {
                e.message = format!("field {name}: {}", e.message);
                e
            })?;
            fields.push(Field { key: FieldKey { name: name.into(), id }, ty });
        }
        Ok(Fields(fields.into()))
    }

    fn ty(&mut self, json: &Json, depth: usize) -> Result<FieldType> {
        if depth > MAX_DEPTH {
            return Err(bad(format!("types are nested deeper than {MAX_DEPTH}")));
        }
        if let Some(name) = json.as_str() {
            return scalar(name);
        }
        let object = object(json, "a type", &["Array", "Struct", "Optional", "Enum"])?;
        let (Some((name, inner)), 1) = (object.iter().next(), object.len()) else {
            return Err(bad(format!("a type must be a name or an object with one key, not {json}")));
        };
        match name.as_str() {
            "Array" => Ok(FieldType::Array(Box::new(self.ty(inner, depth + 1)?))),
            "Optional" => match self.ty(inner, depth + 1)? {
                // Null could not tell which of the two is absent.
                FieldType::Optional(_) => Err(bad("an Optional of an Optional has no meaning on the wire".into())),
                ty => Ok(FieldType::Optional(Box::new(ty))),
            },
            "Struct" => Ok(FieldType::Struct(self.fields(Some(inner), depth)?)),
            _ => enumeration(inner),
        }
    }
}

fn enumeration(json: &Json) -> Result<FieldType> {
    let list = json.as_array().filter(|l| !l.is_empty() && l.len() <= MAX_FIELDS);
    let list = list.ok_or_else(|| bad(format!("an Enum must list 1 to {MAX_FIELDS} names")))?;
    let mut names: Vec<Box<str>> = Vec::new();
    for name in list {
        let name = name.as_str().filter(|n| !n.is_empty() && n.len() <= MAX_NAME);
        let name = name.ok_or_else(|| bad(format!("a variant's name must have 1 to {MAX_NAME} characters")))?;
        if names.iter().any(|n| **n == *name) {
            return Err(bad(format!("variant {name:?} is listed twice")));
        }
        names.push(name.into());
    }
    Ok(FieldType::Enum(names.into()))
}

fn scalar(name: &str) -> Result<FieldType> {
    Ok(match name {
        "Int32" => FieldType::Int32,
        "Int64" => FieldType::Int64,
        "UInt32" => FieldType::UInt32,
        "UInt64" => FieldType::UInt64,
        "Float32" => FieldType::Float32,
        "Float64" => FieldType::Float64,
        "Bool" => FieldType::Bool,
        "String" => FieldType::String,
        "Bytes" => FieldType::Bytes,
        "Texture" => FieldType::Texture,
        "Buffer" => FieldType::Buffer,
        _ => {
            return Err(bad(format!(
                "{name:?} is no type; types are Int32, Int64, UInt32, UInt64, Float32, Float64, Bool, String, Bytes, Texture, \
                 Buffer, {{\"Array\": T}}, {{\"Struct\": [fields]}}, {{\"Optional\": T}}, {{\"Enum\": [names]}}"
            )))
        }
    })
}

fn fields_to_json(fields: &Fields) -> Json {
    fields.0.iter().map(|f| json!({ "name": &*f.key.name, "type": type_to_json(&f.ty) })).collect()
}

fn type_to_json(ty: &FieldType) -> Json {
    match ty {
        FieldType::Array(inner) => json!({ "Array": type_to_json(inner) }),
        FieldType::Optional(inner) => json!({ "Optional": type_to_json(inner) }),
        FieldType::Struct(fields) => json!({ "Struct": fields_to_json(fields) }),
        FieldType::Enum(names) => json!({ "Enum": names.iter().map(|n| &**n).collect::<Vec<_>>() }),
        plain => json!(plain.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_every_type() {
        let text = r#"{"name":"All","fields":[
            {"name":"a","type":"Int32"},{"name":"b","type":{"Array":{"Optional":"Float64"}}},
            {"name":"c","type":{"Struct":[{"name":"x","type":"Texture"},{"name":"y","type":{"Enum":["on","off"]}}]}}]}"#;
        let schema = Schema::from_json(text).unwrap();
        assert_eq!(schema.key_count(), 5);
        assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
    }

    #[test]
    fn refuses_what_is_no_schema_and_says_where() {
        let cases = [
            ("[]", "must be an object"),
            (r#"{"name":"1x","fields":[]}"#, "not starting with a digit"),
            (r#"{"name":"A","fields":[{"name":"a","type":"Int16"}]}"#, "field a: \"Int16\" is no type"),
            (r#"{"name":"A","fields":[{"name":"a","type":"Bool"},{"name":"a","type":"Bool"}]}"#, "twice"),
            (r#"{"name":"A","fields":[{"name":"a","type":{"Enum":[]}}]}"#, "1 to 256"),
            (r#"{"name":"A","fields":[{"name":"a","type":{"Optional":{"Optional":"Bool"}}}]}"#, "no meaning"),
            (r#"{"name":"A","fields":[],"more":1}"#, "unknown key"),
        ];
        for (text, expected) in cases {
            let error = Schema::from_json(text).unwrap_err();
            assert_eq!(error.code, Code::Schema);
            assert!(error.message.contains(expected), "{text}: {}", error.message);
        }
        let deep = format!("{}\"Bool\"{}", "{\"Array\":".repeat(40), "}".repeat(40));
        let error =
            Schema::from_json(&format!(r#"{{"name":"A","fields":[{{"name":"a","type":{deep}}}]}}"#)).unwrap_err();
        assert!(error.message.contains("deeper"), "{}", error.message);
    }
}
