import { z } from 'zod';
import { withValues } from '../../config/overrides.js';
import { StreamlibError } from '../../errors/streamlib-error.js';
import { NODE_ID } from '../../graph/spec.js';
import type { InspectedProcessor } from '../../python-env/inspect.js';
import { checkCode, problemShape } from '../checking.js';
import { ControlError } from '../control-error.js';
import { describePorts, portsShape } from '../describe.js';
import { checkAgentParams } from '../file-policy.js';
import { mustKnow } from '../look.js';
import { type ControlContext, operation } from '../operation.js';
import type { DryRun } from '../ports.js';

const name = z
  .string()
  .regex(NODE_ID, 'letters, digits, "_" and "-", a letter first, at most 64')
  .describe('The name of the processor in the graph.');
const source = {
  code: z.string().max(1_000_000).optional().describe('The whole Python file, as text.'),
  language: z.enum(['python']).default('python'),
  config: z.record(z.string(), z.unknown()).optional().describe('What the code finds as ctx.config.'),
  type: z.string().optional().describe('In place of code: a type that list_processors names.'),
  params: z.record(z.string(), z.unknown()).optional().describe('Parameters of that type.'),
};
const end = z.string().min(1);
const intended = z.object({
  from_processor: end,
  from_port: end.optional().describe('May be left out where there is only one.'),
  to_processor: end,
  to_port: end.optional().describe('May be left out where there is only one.'),
});
const delivery = z
  .enum(['latest', 'every_sample', 'lossless'])
  .optional()
  .describe('latest: the newest frame wins; every_sample: a queue; lossless: the sender waits.');
const queue = z.number().int().min(1).max(1024).optional();

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

type Source = {
  code?: string | undefined;
  config?: object | undefined;
  type?: string | undefined;
  params?: object | undefined;
};
type Intended = z.infer<typeof intended>;

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
  input: z.object({ name, ...source, connections: z.array(intended.extend({ delivery, queue })).optional() }),
  output: made,
  readOnly: false,
  run: async (context, input) => {
    const { runtime } = context;
    if (runtime.liveGraph.find(input.name) !== undefined)
      throw new ControlError(
        'invalid',
        `there is a processor "${input.name}" already`,
        'Choose another name, or use replace_processor.',
      );
    if (context.origin === 'agent' && runtime.liveGraph.nodes.length >= MOST_PROCESSORS)
      throw new ControlError(
        'denied',
        `the graph has ${MOST_PROCESSORS} processors, more are not added for an agent`,
        'Take out what is not needed with remove_processor.',
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
      for (const { delivery, queue, ...link } of input.connections ?? []) {
        await attempt(context, null, () =>
          runtime.connectPorts(...endsOf(link), {
            ...(delivery !== undefined && { delivery }),
            ...(queue !== undefined && { queue }),
          }),
        );
      }
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
      const config = input.config === undefined ? {} : { config: input.config };
      const allowed = await mayUse(context, before.node_type, { ...input.params });
      const params = withValues(withValues(before.params, allowed), config);
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

export const connectProcessors = operation({
  name: 'connect_processors',
  title: 'Connect two ports',
  description:
    'Connects an output to an input of the same schema. An output may feed any number of inputs; an input takes frames from one output.',
  input: intended.extend({ delivery, queue }),
  output: z.object({ from: z.string(), to: z.string() }),
  readOnly: false,
  run: async (context, { delivery, queue, ...link }) => {
    const [from, to] = endsOf(link);
    await attempt(context, null, () =>
      context.runtime.connectPorts(from, to, {
        ...(delivery !== undefined && { delivery }),
        ...(queue !== undefined && { queue }),
      }),
    );
    return { from, to };
  },
});

export const disconnectProcessors = operation({
  name: 'disconnect_processors',
  title: 'Disconnect two ports',
  description: 'Takes a connection out; the processors stay.',
  input: intended,
  output: z.object({ from: z.string(), to: z.string() }),
  readOnly: false,
  run: async (context, link) => {
    const [from, to] = endsOf(link);
    await attempt(context, null, () => context.runtime.disconnectPorts(from, to));
    return { from, to };
  },
});

function endsOf(link: Intended): [from: string, to: string] {
  const end = (node: string, port: string | undefined) => (port === undefined ? node : `${node}.${port}`);
  return [end(link.from_processor, link.from_port), end(link.to_processor, link.to_port)];
}

const signalOf = ({ signal }: ControlContext) => (signal === undefined ? {} : { signal });

/** New code keeps the configuration of the old one, unless it is given its own; what is set by "params" is put over either. */
function configured<T extends Source>(input: T, old: unknown): T {
  const { config: set, ...params } = { config: undefined, ...input.params };
  const own = { config: input.config ?? old };
  return { ...input, params, ...(set === undefined ? own : withValues(own, { config: set })) };
}

/** What a processor is made from: code is written down and checked, a type's parameters are looked at. */
async function specOf(
  context: ControlContext,
  name: string,
  given: Source,
  links: readonly Intended[],
): Promise<{
  type: string;
  params: Record<string, unknown>;
  dryRun: DryRun | null;
  inspected?: readonly InspectedProcessor[];
}> {
  if ((given.code === undefined) === (given.type === undefined))
    throw new ControlError(
      'invalid',
      'give either "code" or "type"',
      'list_processors tells the types and has examples of code.',
    );
  if (given.code === undefined) {
    const type = given.type ?? '';
    const allowed = await mayUse(context, type, { ...given.params });
    const params = given.config === undefined ? allowed : { ...allowed, config: given.config };
    return { type, params, dryRun: null };
  }
  await mayRun(context);
  const report = await checkCode(context, name, given.code, given.config, links, true);
  const params: Record<string, unknown> = {
    ...(context.origin === 'user' && given.params),
    file: context.code.write(name, given.code),
    ...(report.declared !== undefined && { processor: report.declared.processor }),
    ...(given.config !== undefined && { config: given.config }),
    ...(context.services.sandbox !== null && { sandbox: true }),
  };
  return {
    type: 'python',
    params,
    dryRun: report.dryRun,
    ...(report.declared !== undefined && { inspected: report.declared.all }),
  };
}

async function mayRun({ services, origin }: ControlContext): Promise<void> {
  if (origin === 'user' || services.allowUnconfined === true) return;
  const sandbox = await services.sandbox?.();
  if (sandbox?.available === true) return;
  throw new ControlError(
    'denied',
    `code from outside is not run here: ${sandbox?.detail ?? 'this runtime has no sandbox'}`,
    'Tell the user; `streamlib doctor` says what is missing.',
  );
}

async function mayUse(
  { runtime, origin, folders }: ControlContext,
  type: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  if (origin === 'user') return params;
  if (type === 'python') {
    const known = Object.keys(params).filter((key) => key !== 'config');
    if (known.length === 0) return params;
    throw new ControlError(
      'denied',
      `an agent may not set ${known.join(', ')} of a Python processor`,
      'Give the code itself as "code".',
    );
  }
  const definition = await runtime.definition(type);
  return definition === null ? params : checkAgentParams(definition, params, folders);
}

/** Does it; what goes wrong is told in the terms of this API, and code that came to nothing is removed. */
async function attempt(
  context: ControlContext,
  params: Record<string, unknown> | null,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (params !== null) context.code.forget(params.file);
    if (!(error instanceof StreamlibError)) throw error;
    const invalid = error.code === 'graph' || error.code === 'config';
    throw new ControlError(
      invalid ? 'invalid' : error.code === 'python_file' ? 'code' : 'failed',
      error.message,
      nextOf(error, params),
      {},
      { cause: error },
    );
  }
}

function nextOf(error: StreamlibError, params: Record<string, unknown> | null): string {
  if (/already has a connection/.test(error.message))
    return 'Take the present connection out with disconnect_processors first (get_graph tells what feeds the input); nothing was changed.';
  // Only code has a file of its own here.
  if (error.code === 'subprocess' && params?.file === undefined)
    return 'Correct its parameters, list_processors describes them; nothing was changed.';
  return NEXT[error.code] ?? 'Look at the message and at get_logs; nothing was changed.';
}

const NEXT: Readonly<Record<string, string>> = {
  graph: 'Look at get_graph for the names of processors and ports; nothing was changed.',
  python_file: 'Correct the code and try again; nothing was changed.',
  subprocess: 'Correct the code, it failed when it was started; nothing was changed.',
  python_environment: 'Ask for what is missing with request_package; nothing was changed.',
};

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
    throw new ControlError(
      'failed',
      `${name} was ${what}, and removed again meanwhile`,
      'Look at get_graph.',
    );
  const links = runtime.liveGraph.linksOf(name);
  const ports = describePorts(seated.prepared.kind === 'failed' ? null : seated.prepared.ports);
  const outputs = ports.outputs.map((port) => `${name}.${port.name}`).join(' or ');
  const page = seated.spec.node_type === 'display' ? ' get_logs of it has the address of its page.' : '';
  return {
    name,
    type: seated.spec.node_type,
    state: seated.node.state,
    ports,
    ready_ms: Math.round(performance.now() - began),
    dry_run: dryRunOf(dryRun),
    next:
      links.length === 0
        ? `Connect it with connect_processors.${page}`
        : outputs === ''
          ? `Look at what it is fed with snapshot or tap.${page}`
          : `Look at what comes out with snapshot or tap at ${outputs}.`,
  };
}
