import { BridgeError } from '../errors/bridge-error.js';
import {
  type FieldType,
  type PrimitiveType,
  primitiveTypes,
  type Schema,
  type SchemaField,
  schemaLimits,
} from './types.js';

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const primitives: ReadonlySet<unknown> = new Set(primitiveTypes);

/**
 * Checks a schema that came from outside.
 *
 * @param source - JSON text, or an object.
 * @returns The schema, with nothing in it that was not checked.
 * @throws {@link BridgeError} `schema`, with the place in its message.
 */
export function parseSchema(source: unknown): Schema {
  const input = typeof source === 'string' ? parseJson(source) : source;
  const object = requireObject(input, 'schema');
  rejectUnknownKeys(object, ['name', 'fields'], 'schema');
  const name = requireName(object.name, 'schema name');
  const count = { fields: 0 };
  return { name, fields: parseFields(object.fields, name, 1, count) };
}

function parseFields(source: unknown, path: string, depth: number, count: { fields: number }): SchemaField[] {
  if (!Array.isArray(source)) throw refuse(path, `"fields" must be an array, not ${describe(source)}`);
  const seen = new Set<string>();
  return source.map((item: unknown, index) => {
    const object = requireObject(item, `${path}.fields[${index}]`);
    rejectUnknownKeys(object, ['name', 'type'], `${path}.fields[${index}]`);
    const name = requireName(object.name, `${path}.fields[${index}].name`);
    if (seen.has(name)) throw refuse(`${path}.${name}`, 'the field is declared twice');
    seen.add(name);
    count.fields += 1;
    if (count.fields > schemaLimits.fields) throw refuse(path, `more than ${schemaLimits.fields} fields`);
    return { name, type: parseType(object.type, `${path}.${name}`, depth, count) };
  });
}

function parseType(source: unknown, path: string, depth: number, count: { fields: number }): FieldType {
  if (depth > schemaLimits.depth) throw refuse(path, `types are nested deeper than ${schemaLimits.depth}`);
  if (isPrimitive(source)) return source;
  if (typeof source === 'string') {
    throw refuse(path, `"${source}" is no type; use one of ${primitiveTypes.join(', ')}`);
  }
  const object = requireObject(source, path);
  const [kind, ...others] = Object.keys(object);
  if (kind === undefined || others.length > 0) {
    throw refuse(path, 'a composite type has exactly one key: Array, Struct, Optional or Enum');
  }
  const inner = object[kind];
  switch (kind) {
    case 'Array':
      return { Array: parseType(inner, path, depth + 1, count) };
    case 'Optional': {
      const optional = parseType(inner, path, depth + 1, count);
      // Null could not tell which of the two is absent.
      if (typeof optional === 'object' && 'Optional' in optional) {
        throw refuse(path, 'an Optional of an Optional has no meaning on the wire');
      }
      return { Optional: optional };
    }
    case 'Struct':
      return { Struct: parseFields(inner, path, depth + 1, count) };
    case 'Enum':
      return { Enum: parseVariants(inner, path) };
    default:
      throw refuse(path, `"${kind}" is no type; use Array, Struct, Optional or Enum`);
  }
}

function parseVariants(source: unknown, path: string): string[] {
  if (!Array.isArray(source) || source.length === 0)
    throw refuse(path, 'Enum needs an array of variant names');
  if (source.length > schemaLimits.fields)
    throw refuse(path, `Enum has more than ${schemaLimits.fields} variants`);
  const variants = source.map((item: unknown) => requireName(item, path));
  if (new Set(variants).size !== variants.length) throw refuse(path, 'Enum names a variant twice');
  return variants;
}

function isPrimitive(source: unknown): source is PrimitiveType {
  return primitives.has(source);
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new BridgeError('schema', 'The schema is not valid JSON', { cause });
  }
}

function requireObject(source: unknown, path: string): Record<string, unknown> {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw refuse(path, `expected an object, not ${describe(source)}`);
  }
  return source as Record<string, unknown>;
}

function requireName(source: unknown, path: string): string {
  if (typeof source !== 'string' || source.length > schemaLimits.nameLength || !namePattern.test(source)) {
    throw refuse(
      path,
      `${describe(source)} is no name: 1 to ${schemaLimits.nameLength} letters, digits and underscores, not starting with a digit`,
    );
  }
  return source;
}

function rejectUnknownKeys(object: Record<string, unknown>, known: readonly string[], path: string): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) throw refuse(path, `unknown key "${key}"; allowed: ${known.join(', ')}`);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 80 ? `${value.slice(0, 80)}…` : value}"`;
  if (Array.isArray(value)) return 'an array';
  return value === null || typeof value !== 'object' ? String(value) : 'an object';
}

function refuse(path: string, problem: string): BridgeError {
  return new BridgeError('schema', `Invalid schema at ${path}: ${problem}`, { field: path });
}
