import { z } from 'zod';
import type { NodePorts } from '../graph/ports.js';
import { defaultPorts } from '../node-types/default-ports.js';
import type { NodeType } from '../node-types/node-type.js';
import { describePorts, portsShape } from './describe.js';

export const originShape = z.union([
  z.object({ kind: z.enum(['runtime', 'program']) }),
  z.object({ kind: z.enum(['npm', 'python']), package: z.string(), version: z.string() }),
]);

/** A node type in full, for people, programs and agents. */
export const typeShape = z.object({
  name: z.string(),
  description: z.string(),
  origin: originShape,
  ports: portsShape
    .nullable()
    .describe('With all parameters at their defaults; null where its code decides.'),
  parameters: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('JSON schema; "streamlib" in a text field says what it names. Null: described in words.'),
  agents: z
    .string()
    .describe(
      '"marked": what the markers of the parameters allow; "denied"; or the only parameters that an agent may set.',
    ),
  examples: z.array(z.object({ title: z.string(), params: z.record(z.string(), z.unknown()) })),
});

/** A node type in full, in words and as a JSON schema. */
export type DescribedType = z.output<typeof typeShape>;

/**
 * Describes a node type. Runs none of its code but `ports()`.
 *
 * @param type - The type, such as `NodeTypes.find` returns.
 * @param ports - Its ports; with all parameters at their defaults if left out, null where they are not known.
 * @returns Its description, as `describe_node_type` gives it.
 */
export function describeType(type: NodeType, ports: NodePorts | null = defaultPorts(type)): DescribedType {
  const { agents } = type;
  return {
    name: type.type,
    description: type.description,
    origin: { ...type.origin },
    ports: ports && describePorts(ports),
    parameters: jsonSchema(type.config),
    agents: agents.may === 'only' ? `only ${agents.keys.join(', ')}` : agents.may,
    examples: type.examples.map(({ title, params }) => ({ title, params: { ...params } })),
  };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> | null {
  try {
    return z
      .record(z.string(), z.unknown())
      .parse(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
  } catch {
    return null;
  }
}
