import { z } from 'zod';
import { describePorts, portsShape } from '../describe.js';
import { PYTHON_EXAMPLES } from '../examples.js';
import { mustKnow } from '../look.js';
import { type ControlContext, operation } from '../operation.js';

const none = z.object({});

const connection = z.object({
  from_processor: z.string(),
  from_port: z.string(),
  to_processor: z.string(),
  to_port: z.string(),
  delivery: z.string(),
});

export const listRunning = operation({
  name: 'list_running',
  title: 'Running processors',
  description:
    'Lists the processors of the running graph with their state, frames, drops, errors and restarts.',
  input: none,
  output: z.object({
    runtime: z.object({ id: z.string(), name: z.string(), state: z.string(), uptime_secs: z.number() }),
    processors: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        state: z.string(),
        failure: z.string().nullable(),
        frames_in: z.number(),
        frames_out: z.number(),
        dropped: z.number(),
        errors: z.number(),
        restarts: z.number(),
        pid: z.number().nullable(),
      }),
    ),
  }),
  readOnly: true,
  run: async ({ runtime }) => {
    const stats = runtime.stats();
    return {
      runtime: { id: runtime.id, name: runtime.name, state: stats.state, uptime_secs: stats.uptime_secs },
      processors: Object.entries(stats.nodes).map(([name, node]) => ({
        name,
        type: node.type,
        state: node.state,
        failure: node.failure,
        frames_in: node.frames_in,
        frames_out: node.frames_out,
        dropped: node.dropped,
        errors: node.errors,
        restarts: node.restarts,
        pid: node.pid,
      })),
    };
  },
});

export const getGraph = operation({
  name: 'get_graph',
  title: 'The graph',
  description:
    'The running graph: processors with ports, parameters and state, and the connections between ports. Code that was given as text is included when "code" is true.',
  input: z.object({ code: z.boolean().default(false).describe('Include the code of Python processors.') }),
  output: z.object({
    name: z.string(),
    processors: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        state: z.string(),
        failure: z.string().nullable(),
        ports: portsShape,
        parameters: z.record(z.string(), z.unknown()),
        code: z.string().optional(),
      }),
    ),
    connections: z.array(connection),
  }),
  readOnly: true,
  run: async (context, input) => describeGraph(context, input.code),
});

export function describeGraph({ runtime, code }: ControlContext, withCode: boolean) {
  const graph = runtime.liveGraph;
  return {
    name: runtime.name,
    processors: graph.nodes.map(({ spec, node, prepared, declared }) => {
      const { file } = spec.params;
      return {
        name: spec.id,
        type: spec.node_type,
        state: node.state,
        failure: node.stats().failure,
        ports: describePorts(prepared.ports ?? declared),
        parameters: { ...spec.params },
        ...(withCode && code.has(file) && { code: code.read(file) }),
      };
    }),
    connections: graph.links.map(({ from, to, resolved }) => ({
      from_processor: from.node,
      from_port: from.port,
      to_processor: to.node,
      to_port: to.port,
      delivery: resolved?.delivery ?? 'none',
    })),
  };
}

export const getMetrics = operation({
  name: 'get_metrics',
  title: 'Metrics',
  description:
    'Figures of the whole graph and of each processor: frames per second, latency, drops with their reasons, errors, restarts, and what processors report themselves.',
  input: z.object({ processor: z.string().optional().describe('Only this processor.') }),
  output: z.object({
    fps: z.number(),
    frames_in: z.number(),
    frames_out: z.number(),
    dropped: z.number(),
    dropped_by: z.record(z.string(), z.number()),
    latency_ms: z.record(z.string(), z.number()).nullable(),
    processors: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
  readOnly: true,
  run: async ({ runtime }, { processor }) => {
    const stats = runtime.stats();
    if (processor !== undefined) mustKnow(runtime, processor);
    const nodes = Object.entries(stats.nodes).filter(
      ([name]) => processor === undefined || name === processor,
    );
    return {
      fps: stats.fps,
      frames_in: stats.frames_in,
      frames_out: stats.frames_out,
      dropped: stats.dropped,
      dropped_by: { ...stats.dropped_by },
      latency_ms: stats.latency_ms === null ? null : { ...stats.latency_ms },
      processors: Object.fromEntries(nodes.map(([name, node]) => [name, { ...node }])),
    };
  },
});

export const listLanguages = operation({
  name: 'list_supported_languages',
  title: 'Languages',
  description: 'The languages in which add_processor takes code, with the form that the code must have.',
  input: none,
  output: z.object({
    languages: z.array(
      z.object({ language: z.string(), version: z.string(), description: z.string(), example: z.string() }),
    ),
  }),
  readOnly: true,
  run: async () => ({
    languages: [
      {
        language: 'python',
        version: '>=3.11',
        description:
          'A file with one function or class under @streamlib.processor. The function is called for each frame with a dict of its inputs and returns a dict of its outputs. numpy is there; ask list_python_packages for the rest.',
        example: PYTHON_EXAMPLES[0].code,
      },
    ],
  }),
});
