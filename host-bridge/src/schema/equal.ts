import type { FieldType, Schema, SchemaField } from './types.js';

/**
 * Two ports match when their schemas have the same name and the same fields, in the same order.
 *
 * @param a - One schema.
 * @param b - The other.
 */
export function schemasEqual(a: Schema, b: Schema): boolean {
  return a === b || (a.name === b.name && fieldsEqual(a.fields, b.fields));
}

function fieldsEqual(a: readonly SchemaField[], b: readonly SchemaField[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((field, index) => {
        const other = b[index];
        return other !== undefined && field.name === other.name && typesEqual(field.type, other.type);
      }))
  );
}

function typesEqual(a: FieldType, b: FieldType): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  if ('Array' in a) return 'Array' in b && typesEqual(a.Array, b.Array);
  if ('Optional' in a) return 'Optional' in b && typesEqual(a.Optional, b.Optional);
  if ('Struct' in a) return 'Struct' in b && fieldsEqual(a.Struct, b.Struct);
  return (
    'Enum' in b && a.Enum.length === b.Enum.length && a.Enum.every((variant, i) => variant === b.Enum[i])
  );
}
