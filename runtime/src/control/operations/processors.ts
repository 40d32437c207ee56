import { z } from 'zod';
import { withValues } from '../../graph/config/overrides.js';
import { NODE_ID } from '../../graph/spec.js';
import { checkCode, problemShape } from '../checking.js';
import { ControlError } from '../control-error.js';
import { describePorts, portsShape } from '../describe.js';
import { mustKnow } from '../look.js';
import { type ControlContext, operation } from '../operation.js';
import { attempt } from './attempt.js';
import { connect, connection, intended } from './connections.js';
import { configured, mayUse, source, specOf, withConfig } from './source.js';

const name = z
  .string()
  .regex(NODE_ID, 'letters, digits, "_" and "-", a letter first, at most 64')
  .describe('The name of the processor in the graph.');

const made = z.object({
  name: z.string(),
  type: z.string(),
  state: z.string(),
  ports: portsShape,
  ready_ms: z.number().describe('From the call until it could take frames.'),
  dry_run: z
    .object({
      milliseconds: z.number(),
      outputs: z.record(z.string(), z.string()),
      printed: z.array(z.string()),
    })
    .nullable(),
  next: z.string(),
});

/** Each may be a process of its own. */
const MOST_PROCESSORS = 64;

export const checkCodeOperation = operation({
  name: 'check_code',
  title: 'Check code',
  description:
    'Checks Python code without adding it: syntax, imports, ports, and a run on one synthetic frame in the sandbox. add_processor does the same first.',
  input: z.object({
    name: name.default('processor'),
    code: source.code.unwrap(),
    config: source.config,
    connections: z.array(intended).optional(),
  }),
  output: z.object({
    ok: z.boolean(),
    problems: z.array(problemShape),
    ports: z.object({ inputs: z.array(z.string()), outputs: z.array(z.string()) }),
    execution: z.string().nullable(),
    dry_run: made.shape.dry_run,
  }),
  readOnly: true,
  run: async (context, input) => {
    const report = await checkCode(context, input.name, input.code, input.config, input.connections ?? []);
    return {
      ok: report.ok,
      problems: report.problems.map((problem) => ({
        ...problem,
        packages: problem.packages && [...problem.packages],
      })),
      ports: {
        inputs: report.ports.inputs.map((port) => port.name),
        outputs: report.ports.outputs.map((port) => port.name),
      },
      execution: report.execution,
      dry_run: dryRunOf(report.dryRun),
    };
  },
});

export const addProcessor = operation({
  name: 'add_processor',
  title: 'Add a processor',
  description:
    'Adds a processor to the running graph: Python code as text, or one of the types of list_processors. Code is checked first, and nothing is added if it has problems. With "connections" it is connected in the same step.',
  input: z.object({ name, ...source, connections: z.array(connection).optional() }),
  output: made,
  readOnly: false,
  run: async (context, input) => {
    const { runtime } = context;
    if (runtime.liveGraph.find(input.name) !== undefined)
      throw new ControlError(
        'invalid',
        `there is already a processor "${input.name}"`,
        'Choose another name, or use replace_processor.',
      );
    if (context.origin === 'agent' && runtime.liveGraph.nodes.length >= MOST_PROCESSORS)
      throw new ControlError(
        'denied',
        `the graph has ${MOST_PROCESSORS} processors, the most that an agent may have`,
        'Remove what is not needed with remove_processor.',
      );
    const began = performance.now();
    const { type, params, dryRun, inspected } = await specOf(
      context,
      input.name,
      input,
      input.connections ?? [],
    );
    await attempt(context, params, () =>
      runtime.addNode(input.name, type, params, {
        ...signalOf(context),
        ...(inspected !== undefined && { inspected }),
      }),
    );
    try {
      for (const link of input.connections ?? []) await connect(context, link);
    } catch (error) {
      await runtime.removeNode(input.name);
      context.code.forget(params.file);
      throw error;
    }
    return result(context, input.name, began, dryRun, 'added');
  },
});

export const replaceProcessor = operation({
  name: 'replace_processor',
  title: 'Replace a processor',
  description:
    'New code (or a new type, or new parameters) takes the place of a processor between two frames; its connections stay. Without code and type, "config" and "params" change what they name and leave the rest. If the new one has problems or does not come up, the old one goes on.',
  input: z.object({ name, ...source }),
  output: made,
  readOnly: false,
  run: async (context, input) => {
    const { runtime } = context;
    mustKnow(runtime, input.name);
    const before = runtime.liveGraph.find(input.name)?.spec;
    const began = performance.now();
    const links = runtime.liveGraph.linksOf(input.name).map(({ from, to }) => ({
      from_processor: from.node,
      from_port: from.port,
      to_processor: to.node,
      to_port: to.port,
    }));
    // Configuration alone: the same code with another one.
    const same = input.code === undefined && input.type === undefined;
    if (same && before !== undefined) {
      const allowed = await mayUse(context, before.node_type, withConfig(input.params, input.config));
      const params = withValues(before.params, allowed);
      await attempt(context, null, () =>
        runtime.replaceNode(input.name, before.node_type, params, signalOf(context)),
      );
      return result(context, input.name, began, null, 'replaced');
    }
    const given =
      input.code !== undefined || input.type === 'python' ? configured(input, before?.params.config) : input;
    const { type, params, dryRun, inspected } = await specOf(context, input.name, given, links);
    await attempt(context, params, () =>
      runtime.replaceNode(input.name, type, params, {
        ...signalOf(context),
        ...(inspected !== undefined && { inspected }),
      }),
    );
    context.code.forget(before?.params.file);
    return result(context, input.name, began, dryRun, 'replaced');
  },
});

export const removeProcessor = operation({
  name: 'remove_processor',
  title: 'Remove a processor',
  description: 'Takes a processor out of the running graph, with its connections.',
  input: z.object({ name }),
  output: z.object({ removed: z.string() }),
  readOnly: false,
  run: async (context, { name }) => {
    mustKnow(context.runtime, name);
    const file = context.runtime.liveGraph.find(name)?.spec.params.file;
    await attempt(context, null, () => context.runtime.removeNode(name));
    context.code.forget(file);
    return { removed: name };
  },
});

const signalOf = ({ signal }: ControlContext) => (signal === undefined ? {} : { signal });

function dryRunOf(
  run: { milliseconds: number; outputs: Readonly<Record<string, string>>; printed: readonly string[] } | null,
) {
  return run === null
    ? null
    : { milliseconds: run.milliseconds, outputs: { ...run.outputs }, printed: [...run.printed] };
}

function result(
  { runtime }: ControlContext,
  name: string,
  began: number,
  dryRun: Parameters<typeof dryRunOf>[0],
  what: string,
) {
  const seated = runtime.liveGraph.find(name);
  if (seated === undefined)
    throw new ControlError('failed', `${name} was ${what}, but has been removed since`, 'Look at get_graph.');
  const links = runtime.liveGraph.linksOf(name);
  const ports = describePorts(seated.prepared.ports);
  const outputs = ports.outputs.map((port) => `${name}.${port.name}`).join(' or ');
  const { prepared } = seated;
  const next = prepared.failure === null ? prepared.next : null;
  const own = next === null ? '' : ` ${next}`;
  return {
    name,
    type: seated.spec.node_type,
    state: seated.node.state,
    ports,
    ready_ms: Math.round(performance.now() - began),
    dry_run: dryRunOf(dryRun),
    next:
      links.length === 0
        ? `Connect it with connect_processors.${own}`
        : outputs === ''
          ? `Look at what it is fed with snapshot or tap.${own}`
          : `Look at what comes out with snapshot or tap at ${outputs}.`,
  };
}
