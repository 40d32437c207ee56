//! A schema that was checked, and the types of its fields.

use std::sync::Arc;

/// Deepest nesting of types in a schema, and of values in a message.
pub const MAX_DEPTH: usize = 16;
/// Most fields of one schema, nested ones included.
pub const MAX_FIELDS: usize = 256;
pub const MAX_NAME: usize = 64;

/// A field's name, with a number that is unique in its schema so that a binding can cache its own form of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldKey {
    pub name: Box<str>,
    pub id: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub key: FieldKey,
    pub ty: FieldType,
}

/// The fields of a schema or of a nested struct, in wire order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(pub Box<[Field]>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    Int32,
    Int64,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Bool,
    String,
    Bytes,
    Texture,
    Buffer,
    Array(Box<FieldType>),
    Struct(Fields),
    Optional(Box<FieldType>),
    Enum(Box<[Box<str>]>),
}

impl FieldType {
    pub fn name(&self) -> &'static str {
        match self {
            FieldType::Int32 => "Int32",
            FieldType::Int64 => "Int64",
            FieldType::UInt32 => "UInt32",
            FieldType::UInt64 => "UInt64",
            FieldType::Float32 => "Float32",
            FieldType::Float64 => "Float64",
            FieldType::Bool => "Bool",
            FieldType::String => "String",
            FieldType::Bytes => "Bytes",
            FieldType::Texture => "Texture",
            FieldType::Buffer => "Buffer",
            FieldType::Array(_) => "Array",
            FieldType::Struct(_) => "Struct",
            FieldType::Optional(_) => "Optional",
            FieldType::Enum(_) => "Enum",
        }
    }
}

/// A checked schema. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    fields: Fields,
    key_count: usize,
}

impl Schema {
    pub(super) fn new(name: String, fields: Fields, key_count: usize) -> Self {
        Self(Arc::new(Inner { name, fields, key_count }))
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn fields(&self) -> &Fields {
        &self.0.fields
    }

    /// All `FieldKey::id`s are below this.
    pub fn key_count(&self) -> usize {
        self.0.key_count
    }
}

/// Structural: the name, and the names and types of all fields in order.
impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.name == other.0.name && self.0.fields == other.0.fields)
    }
}
impl Eq for Schema {}
