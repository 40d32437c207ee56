/** What one field of a frame holds. Frames cross between languages as these types; see `docs/` for the mapping. */
export type PrimitiveType =
  | 'Int32'
  | 'Int64'
  | 'UInt32'
  | 'UInt64'
  | 'Float32'
  | 'Float64'
  | 'Bool'
  | 'String'
  | 'Bytes'
  | 'Texture'
  | 'Buffer';

/** The type of a field: a primitive one, or one made of others. */
export type FieldType =
  | PrimitiveType
  | { readonly Array: FieldType }
  | { readonly Struct: readonly SchemaField[] }
  | { readonly Optional: FieldType }
  | { readonly Enum: readonly string[] };

/** One field of a frame. */
export interface SchemaField {
  /** 1 to 64 letters, digits and underscores, not beginning with a digit. */
  readonly name: string;
  /** What it holds. */
  readonly type: FieldType;
}

/** A schema is data: its JSON form is what travels to the other side of a bridge, once, at setup. */
export interface Schema {
  /** Two ports match only when their schemas have the same name. */
  readonly name: string;
  /** The fields, in the order in which they travel. */
  readonly fields: readonly SchemaField[];
}

/** All of them, in the order in which errors list them. */
export const primitiveTypes: readonly PrimitiveType[] = [
  'Int32',
  'Int64',
  'UInt32',
  'UInt64',
  'Float32',
  'Float64',
  'Bool',
  'String',
  'Bytes',
  'Texture',
  'Buffer',
];

/** The bounds that both sides of a bridge hold a schema to: it arrives from a process that is not trusted. */
export const schemaLimits = { depth: 16, fields: 256, nameLength: 64 } as const;
