import { z } from 'zod';
import type { NodeType, TypeOrigin } from '../../node-types/node-type.js';
import type { ListedType } from '../../node-types/registry/registry.js';
import { portsShape } from '../describe.js';
import { describeType, originShape, typeShape } from '../describe-type.js';
import { PYTHON_EXAMPLES } from '../examples.js';
import { operation } from '../operation.js';
import { attempt } from './attempt.js';

/** These are known to be harmless to load. */
const OWN_SCOPE = '@streamlib/';

export const listProcessors = operation({
  name: 'list_processors',
  title: 'Processor types',
  description:
    'Lists the processor types that can be added: their ports, schemas and parameters, and for Python examples of complete code. Begin here.',
  input: z.object({}),
  output: z.object({
    processors: z.array(
      z.object({
        type: z.string(),
        description: z.string(),
        ports: portsShape,
        /** JSON schema of the parameters; null where they are described in words, or by describe_node_type. */
        parameters: z.record(z.string(), z.unknown()).nullable(),
        origin: originShape,
      }),
    ),
    examples: z.array(z.object({ title: z.string(), code: z.string() })),
    /** Packages whose types cannot be used, and why. */
    problems: z.array(z.string()),
    next: z.string(),
  }),
  readOnly: true,
  run: async ({ runtime, signal }) => {
    const { types, problems } = await runtime.types(signal);
    const others = types.filter(({ type }) => type !== PYTHON);
    const processors = await Promise.all(
      others.map(async (listed) => {
        const type = isOwn(listed.origin) ? await runtime.nodeType(listed.type).catch(() => null) : null;
        return type === null ? unloaded(listed) : loaded(type);
      }),
    );
    return {
      processors: [
        ...processors,
        {
          type: PYTHON,
          description:
            'Code of your own, given to add_processor as text. Its ports are those that the decorator names. It runs in a process of its own, in a sandbox: no network, no files but its own.',
          ports: { inputs: [], outputs: [] },
          parameters: null,
          origin: { kind: 'runtime' as const },
        },
      ],
      examples: [...PYTHON_EXAMPLES],
      problems: [...problems],
      next: 'Add what is missing with add_processor: one of these types by "type", or Python by "code". describe_node_type has the details of one.',
    };
  },
});

/** Told in words of its own: to an agent it is code. */
const PYTHON = 'python';

function isOwn(origin: TypeOrigin): boolean {
  return origin.kind === 'npm' ? origin.package.startsWith(OWN_SCOPE) : origin.kind !== 'python';
}

function loaded(type: NodeType) {
  const { name, description, ports, parameters, origin } = describeType(type);
  return { type: name, description, ports: ports ?? { inputs: [], outputs: [] }, parameters, origin };
}

function unloaded({ type, description, inputs, outputs, origin }: ListedType) {
  const named = (ports: Readonly<Record<string, string>> | null) =>
    Object.entries(ports ?? {}).map(([name, schema]) => ({ name, schema }));
  return {
    type,
    description,
    ports: { inputs: named(inputs), outputs: named(outputs) },
    parameters: null,
    origin,
  };
}

export const describeNodeType = operation({
  name: 'describe_node_type',
  title: 'A processor type',
  description:
    'All that is known of one type: what it does, its ports and parameters, what each text parameter names, which of them you may set, and examples.',
  input: z.object({ type: z.string().min(1).describe('A type that list_processors names.') }),
  output: typeShape,
  readOnly: true,
  run: async (context, { type: name }) => {
    const type = await attempt(context, null, () => context.runtime.nodeType(name, context.signal));
    const told = describeType(type);
    // An agent does not have the code of a distribution run outside the sandbox, not even to learn its ports.
    if (told.ports !== null || context.origin === 'agent' || type.describe === undefined) return told;
    const { describe } = type;
    return describeType(type, await attempt(context, null, () => describe.call(type, context.signal)));
  },
});
