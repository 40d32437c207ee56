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

export type FieldType =
  | PrimitiveType
  | { readonly Array: FieldType }
  | { readonly Struct: readonly SchemaField[] }
  | { readonly Optional: FieldType }
  | { readonly Enum: readonly string[] };

export interface SchemaField {
  readonly name: string;
  readonly type: FieldType;
}

/** A schema is data: its JSON form is what travels to the other side of a bridge, once, at setup. */
export interface Schema {
  readonly name: string;
  readonly fields: readonly SchemaField[];
}

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
