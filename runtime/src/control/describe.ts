import type { FieldType, Schema } from '@streamlib/host-bridge';
import { z } from 'zod';
import type { NodePorts } from '../graph/ports.js';

export const portShape = z.object({
  name: z.string(),
  /** The schema in one line, with its name: `VideoFrame {pixel_buffer: Texture, …}`. */
  schema: z.string(),
  delivery: z.string().optional(),
});

export const portsShape = z.object({ inputs: z.array(portShape), outputs: z.array(portShape) });
export type DescribedPorts = z.infer<typeof portsShape>;

export function describeSchema(schema: Schema): string {
  return `${schema.name} {${schema.fields.map(({ name, type }) => `${name}: ${describeType(type)}`).join(', ')}}`;
}

function describeType(type: FieldType): string {
  if (typeof type === 'string') return type;
  if ('Array' in type) return `Array[${describeType(type.Array)}]`;
  if ('Optional' in type) return `Optional[${describeType(type.Optional)}]`;
  if ('Struct' in type)
    return `{${type.Struct.map((field) => `${field.name}: ${describeType(field.type)}`).join(', ')}}`;
  return `Enum[${type.Enum.map((name) => JSON.stringify(name)).join(', ')}]`;
}

export function describePorts(ports: NodePorts | null): DescribedPorts {
  return {
    inputs: [...(ports?.inputs.values() ?? [])].map(({ name, schema, delivery }) => ({
      name,
      schema: describeSchema(schema),
      delivery,
    })),
    outputs: [...(ports?.outputs.values() ?? [])].map(({ name, schema }) => ({
      name,
      schema: describeSchema(schema),
    })),
  };
}
