import { VideoFrame } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Histogram } from '../flow/histogram.js';
import { OutputPort } from '../flow/output-port.js';
import { type NodePorts, portsOf } from '../graph/ports.js';
import { LocalInput } from '../node/local/local-input.js';
import type { GraphNode, HeldLink, NodeListener, ProcessSide, ReaderEnd } from '../node/node.js';
import type { InFlight } from '../node/quiescence.js';
import type { NodeState, NodeStats } from '../node/state.js';
import { nodeStats } from '../node/stats.js';
import type { NodeKind, NodeType } from '../node-types/node-type.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { expectNothingLeft, held, type Watched, watched } from '../testing/world.js';

/** What happens to the links of all nodes of the kind, in order. */
let told: string[];
/** How many frames are between two of them at the moment. */
let between = 0;
let probes = 0;

/** Stands for a node on another machine: its frames to others of its kind are nothing that the runtime sees. */
class RemoteSide implements ProcessSide {
  private readonly links = new Set<string>();

  constructor(private readonly id: string) {}

  reaches(reader: GraphNode): boolean {
    return reader.process instanceof RemoteSide;
  }

  linkTo(output: string, reader: GraphNode, input: string): void {
    this.links.add(`${output}>${reader.id}.${input}`);
    told.push(`link ${this.id}.${output}>${reader.id}.${input}`);
  }

  relink(output: string, reader: ReaderEnd, next: ReaderEnd): HeldLink | null {
    if (!this.links.has(`${output}>${reader.node.id}.${reader.input}`)) return null;
    told.push(`hold ${this.id}.${output}>${next.node.id}.${next.input}`);
    return { letGo: () => told.push(`let go ${this.id}.${output}`) };
  }

  unlink(output: string, reader: GraphNode, input: string): boolean {
    if (!this.links.delete(`${output}>${reader.id}.${input}`)) return false;
    told.push(`unlink ${this.id}.${output}>${reader.id}.${input}`);
    return true;
  }

  probe(): Promise<InFlight | null> {
    probes++;
    return Promise.resolve({ busy: false, waiting: between, sent: 0 });
  }
}

class RemoteNode implements GraphNode {
  readonly type = 'remote';
  readonly setUpTakesTime = true;
  readonly process: RemoteSide;
  readonly inputs: ReadonlyMap<string, LocalInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  readonly latency = new Histogram();
  readonly rate = 0;
  readonly idle = true;
  state: NodeState = 'created';

  constructor(
    readonly id: string,
    ports: NodePorts,
    private readonly fails: boolean,
    private readonly listener: NodeListener,
  ) {
    this.process = new RemoteSide(id);
    this.inputs = new Map([...ports.inputs].map(([name, model]) => [name, new LocalInput(model, () => {})]));
    this.outputs = new Map(
      [...ports.outputs].map(([name, { schema }]) => [name, new OutputPort(name, schema)]),
    );
  }

  setup(): Promise<void> {
    this.become('starting');
    setImmediate(() => {
      if (this.state === 'starting') this.become(this.fails ? 'failed' : 'running', 'no such machine');
    });
    return Promise.resolve();
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Its other machine has sent its last frame. */
  finish(): void {
    this.become('finished');
  }

  stop(): Promise<void> {
    for (const input of this.inputs.values()) input.close();
    if (this.state !== 'failed') this.become('stopped');
    return Promise.resolve();
  }

  stats(): NodeStats {
    const failure = this.state === 'failed' ? 'no such machine' : null;
    return nodeStats(this, { failure, errors: 0, latency: this.latency, metrics: {} });
  }

  private become(state: NodeState, message?: string): void {
    this.state = state;
    this.listener.stateChanged(this, state, message);
  }
}

const config = z.object({ address: z.string(), fails: z.boolean().default(false) });
let nodes: Map<string, RemoteNode>;

const remoteKind: NodeKind = {
  prepare: (requests) =>
    Promise.resolve(
      requests.map(({ spec: { id }, type, config: checked }) => {
        const parsed = config.safeParse(checked?.value);
        const ports = type.ports(parsed.data);
        if (!parsed.success || ports === null) return { prepared: null, issues: [] };
        return {
          issues: [],
          prepared: {
            id,
            type: type.type,
            failure: null,
            ports,
            next: null,
            setUpTakesTime: true,
            direct: true,
            make: (as, { listener }) => {
              const node = new RemoteNode(id, as, parsed.data.fails, listener);
              nodes.set(id, node);
              return node;
            },
          },
        };
      }),
    ),
};

function remoteType(type: string, inputs: string[], outputs: string[]): NodeType {
  const all = (names: string[]) => Object.fromEntries(names.map((name) => [name, VideoFrame]));
  return {
    type,
    description: 'Runs on another machine.',
    examples: [],
    next: null,
    origin: { kind: 'program' },
    config,
    agents: { may: 'marked' },
    kind: remoteKind,
    ports: () => portsOf(all(inputs), all(outputs), true),
  };
}

let sandbox: Sandbox;
let world: Watched;
beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());

const address = 'machine.example';

/** source → filter → sink, all on other machines. */
function graph(live: boolean): Watched {
  const it = watched({ live, spareProcess: false });
  it.runtime.register(remoteType('remote-source', [], ['video']));
  it.runtime.register(remoteType('remote-filter', ['video_in'], ['video_out']));
  it.runtime.register(remoteType('remote-sink', ['video'], []));
  it.runtime
    .add('source', 'remote-source', { address })
    .add('filter', 'remote-filter', { address })
    .connect('source', 'filter');
  return it;
}

describe('a second kind of node with processes', () => {
  let before: ReturnType<typeof held>;
  beforeEach(() => {
    before = held();
    told = [];
    nodes = new Map();
    between = 0;
    probes = 0;
  });
  afterEach(async () => {
    await world.runtime.stop();
    await expectNothingLeft(before);
  });

  it('is built, added, connected, replaced, disconnected and removed', async () => {
    world = graph(true);
    const { runtime } = world;
    await runtime.start();
    await world.reaches('filter', 'running');
    expect(told).toEqual(['link source.video>filter.video_in']);

    await runtime.addNode('sink', 'remote-sink', { address });
    await runtime.connectPorts('filter', 'sink');
    expect(told.at(-1)).toBe('link filter.video_out>sink.video');

    const old = nodes.get('filter');
    told = [];
    await runtime.replaceNode('filter', 'remote-filter', { address: 'other.example' });
    expect(nodes.get('filter')).not.toBe(old);
    expect(old?.state).toBe('stopped');
    expect(told).toEqual([
      'hold source.video>filter.video_in',
      'unlink filter.video_out>sink.video',
      'link filter.video_out>sink.video',
      'let go source.video',
    ]);

    await runtime.disconnectPorts('filter', 'sink');
    expect(told.at(-1)).toBe('unlink filter.video_out>sink.video');
    await runtime.removeNode('sink');
    expect(Object.keys(runtime.stats().nodes)).toEqual(['source', 'filter']);
  });

  it('that does not come up leaves the old one in its place', async () => {
    world = graph(true);
    const { runtime } = world;
    await runtime.start();
    await world.reaches('filter', 'running');
    const old = nodes.get('filter');
    await expect(runtime.replaceNode('filter', 'remote-filter', { address, fails: true })).rejects.toThrow(
      /no such machine/,
    );
    expect(old?.state).toBe('running');
    await expect(runtime.addNode('sink', 'remote-sink', { address, fails: true })).rejects.toThrow(
      /no such machine/,
    );
    expect(runtime.graph.nodes.map(({ id }) => id)).toEqual(['source', 'filter']);
  });

  it('is asked for what is on its way before the graph has come to its end', async () => {
    world = graph(false);
    const { runtime } = world;
    await runtime.start();
    await world.reaches('filter', 'running');
    between = 1;
    nodes.get('source')?.finish();
    await expect.poll(() => probes).toBeGreaterThan(4);
    expect(runtime.state).toBe('running');
    between = 0;
    expect(await runtime.outcome).toMatchObject({ reason: 'finished' });
  });
});
