import type { Schema } from '@streamlib/host-bridge';
import type { FrameValue } from '@streamlib/processor';
import { suggestion } from '../base/nearest.js';
import type { LiveGraph, RegisteredNode } from '../engine/live-graph.js';
import type { Runtime } from '../engine/runtime.js';
import type { Frame } from '../flow/frame.js';
import type { OutputPort, Reader } from '../flow/output-port.js';
import { nameOf, type PortRef, refOf } from '../graph/ref.js';
import { ControlError } from './control-error.js';

/** A reader that only looks: what it is offered is valid during the call, and nobody waits for it. */
class Onlooker implements Reader {
  readonly lossless = false;
  readonly full = false;

  constructor(private readonly seen: (value: FrameValue) => void) {}

  offer(frame: Frame): void {
    try {
      this.seen(frame.value);
    } finally {
      frame.release();
    }
  }
}

export interface Watched {
  /** The output whose frames pass the port that was named. */
  readonly output: OutputPort;
  readonly ref: PortRef;
  readonly schema: Schema;
}

/** The output behind `node.port`; of an input, the one that feeds it; of a node alone, its only one. */
export function outputBehind(graph: LiveGraph, port: string): Watched {
  const ref = refOf(port);
  const { node } = known(graph, ref.node);
  if (ref.port !== '' && node.inputs.has(ref.port)) {
    const link = graph.feeding(ref);
    const output = link && graph.output(link.from);
    if (link === undefined || output === undefined)
      throw new ControlError(
        'invalid',
        `nothing feeds the input ${port}`,
        'Connect it with connect_processors first.',
      );
    return { output, ref: link.from, schema: output.schema };
  }
  const outputs = [...node.outputs.values()];
  const [only] = outputs;
  const found = ref.port === '' && outputs.length === 1 ? only : node.outputs.get(ref.port);
  if (found !== undefined)
    return { output: found, ref: { node: ref.node, port: found.name }, schema: found.schema };
  const [input] = node.inputs.keys();
  if (ref.port === '' && outputs.length === 0 && node.inputs.size === 1 && input !== undefined)
    return outputBehind(graph, nameOf({ node: ref.node, port: input }));
  const names = [...node.outputs.keys(), ...node.inputs.keys()];
  throw new ControlError(
    'not_found',
    ref.port === ''
      ? `"${ref.node}" has ${names.length === 0 ? 'no ports' : 'several ports'}`
      : `"${ref.node}" has no port "${ref.port}"${suggestion(ref.port, names)}`,
    names.length === 0
      ? 'Look at the node with get_graph: it may have failed.'
      : `Name one of ${names.map((name) => `${ref.node}.${name}`).join(', ')}.`,
  );
}

/** Looks at frames of a port until `pick` makes something of one. Rejects when that takes too long, and with what `pick` throws. */
export function nextFrame<T extends object>(
  watched: Watched,
  limitMs: number,
  signal: AbortSignal | undefined,
  pick: (value: FrameValue) => T | null,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onlooker = new Onlooker((value) => {
      try {
        const picked = pick(value);
        if (picked !== null) settle(() => resolve(picked));
      } catch (error) {
        settle(() => reject(error));
      }
    });
    const settle = (act: () => void) => {
      clearTimeout(limit);
      signal?.removeEventListener('abort', aborted);
      watched.output.disconnect(onlooker);
      act();
    };
    const aborted = () =>
      settle(() => reject(new ControlError('timeout', 'the request was cancelled', 'Ask again.')));
    const limit = setTimeout(
      () =>
        settle(() =>
          reject(
            new ControlError(
              'timeout',
              `no frame passed ${nameOf(watched.ref)} within ${limitMs / 1000} s`,
              `Check with get_graph whether "${watched.ref.node}" is running and connected, and read what it logs with get_logs.`,
            ),
          ),
        ),
      limitMs,
    );
    signal?.addEventListener('abort', aborted, { once: true });
    watched.output.connect(onlooker);
  });
}

function known(graph: LiveGraph, name: string): RegisteredNode {
  const registered = graph.find(name);
  if (registered !== undefined) return registered;
  const names = graph.nodes.map(({ spec }) => spec.id);
  throw new ControlError(
    'not_found',
    `there is no processor "${name}"${suggestion(name, names)}`,
    'Name one of those that get_graph lists.',
  );
}

export function mustKnow(runtime: Runtime, name: string): void {
  known(runtime.liveGraph, name);
}
