import { BridgeError } from '../errors/bridge-error.js';
import type { FieldType, Schema, SchemaField } from '../schema/types.js';

/** A field that the schema does not have: where it stands, and what could stand there. */
interface Unknown {
  readonly path: string;
  readonly known: readonly string[];
}

type Finder = (value: unknown) => Unknown | undefined;

export type FieldCheck = (value: object) => void;

/**
 * A field that the schema does not have is a mistake worth telling: mostly a misspelt optional one. Checked here and not
 * in the addon because listing an object's keys is far cheaper in JavaScript. Made once for each port, so that a schema
 * without a Struct pays for its own keys and nothing else.
 */
export function unknownFieldCheck(schema: Schema, port?: string): FieldCheck {
  const find = inFields(schema.fields);
  return (value) => {
    const found = find(value);
    if (found === undefined) return;
    const where = port === undefined ? '' : `Port "${port}": `;
    throw new BridgeError(
      'value',
      `${where}${schema.name} has no field "${found.path}"; what can stand there: ${found.known.join(', ')}`,
      { ...(port !== undefined && { port }), field: found.path },
    );
  };
}

function inFields(fields: readonly SchemaField[]): Finder {
  const known = fields.map((field) => field.name);
  const nested = fields.flatMap(({ name, type }) => {
    const find = inType(type);
    return find === undefined ? [] : [{ name, find }];
  });
  return (value) => {
    // What is no object at all is for the encoder to refuse: it says what it should have been.
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    let index = 0;
    for (const key in value) {
      // Objects are mostly written in the schema's order, so the guess is right at once.
      if (known[index] !== key && !known.includes(key)) return { path: key, known };
      index += 1;
    }
    for (const { name, find } of nested) {
      const found = find((value as Record<string, unknown>)[name]);
      if (found !== undefined) return inside(name, found);
    }
    return undefined;
  };
}

/** Undefined for a type without a Struct: there is nothing to look for. */
function inType(type: FieldType): Finder | undefined {
  if (typeof type === 'string' || 'Enum' in type) return undefined;
  if ('Struct' in type) return inFields(type.Struct);
  if ('Optional' in type) return inType(type.Optional);
  const find = inType(type.Array);
  if (find === undefined) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    for (let index = 0; index < value.length; index += 1) {
      const found = find(value[index]);
      if (found !== undefined) return inside(`[${index}]`, found);
    }
    return undefined;
  };
}

/** Paths read as the addon writes them: `detections[2].label`. */
function inside(place: string, { path, known }: Unknown): Unknown {
  return { path: path.startsWith('[') ? `${place}${path}` : `${place}.${path}`, known };
}
