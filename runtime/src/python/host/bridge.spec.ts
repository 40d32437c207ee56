import { fileURLToPath } from 'node:url';
import { debugCounts, isRunning, type Schema } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '../../base/log/logger.js';
import { Frame } from '../../flow/frame.js';
import { HandleFields } from '../../flow/handles.js';
import { OutputPort, type Reader } from '../../flow/output-port.js';
import { portsOf } from '../../graph/ports.js';
import type { NodeState } from '../../node/state.js';
import { DEFAULT_POLICY } from '../../process/machine.js';
import { FakeBroker } from '../../testing/fake-broker.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { PythonProcessor } from './processor.js';
import { type BridgeLimits, DEFAULT_LIMITS } from './types.js';

const schema: Schema = { name: 'Number', fields: [{ name: 'value', type: 'Int32' }] };
const handles = new HandleFields(schema);
const fakePython = fileURLToPath(new URL('../../testing/fake-client.mjs', import.meta.url));

let sandbox: Sandbox;
let broker: FakeBroker;
let before: ReturnType<typeof debugCounts>;
const open: PythonProcessor[] = [];

beforeAll(async () => {
  sandbox = await openSandbox();
  broker = new FakeBroker();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.stop()));
  broker.calls.length = 0;
  await expect.poll(() => debugCounts()).toEqual(before);
});
afterAll(async () => {
  broker.shutDown();
  await sandbox.close();
});

interface World {
  readonly node: PythonProcessor;
  readonly upstream: OutputPort;
  readonly states: NodeState[];
  readonly lines: string[];
  readonly got: number[];
  full: boolean;
  readonly reaches: (state: NodeState) => Promise<void>;
  readonly failure: () => string | null;
}

interface Choice {
  readonly delivery?: Delivery;
  readonly queue?: number;
  readonly restart?: 'never' | 'on-failure';
  readonly limits?: Partial<BridgeLimits>;
  readonly stopGraceMs?: number;
  readonly termGraceMs?: number;
}

/** test → fake client → test. */
function start(behaviour: string, choice: Choice = {}): World {
  before = debugCounts();
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  const states: NodeState[] = [];
  const { delivery = 'every_sample', queue = 8 } = choice;
  const node = new PythonProcessor({
    id: 'node',
    kind: 'reactive',
    file: 'none.py',
    processor: behaviour,
    config: { strength: 1 },
    ports: portsOf({ in: { schema, delivery, queue } }, { out: schema }, true),
    python: fakePython,
    broker,
    policy: {
      ...DEFAULT_POLICY,
      restart: choice.restart ?? 'never',
      backoffMs: 1,
      stopGraceMs: choice.stopGraceMs ?? DEFAULT_POLICY.stopGraceMs,
      termGraceMs: choice.termGraceMs ?? DEFAULT_POLICY.termGraceMs,
    },
    limits: { ...DEFAULT_LIMITS, ...choice.limits },
    logLevel: 'info',
    log,
    listener: { stateChanged: (_node, state) => states.push(state) },
  });
  open.push(node);
  const upstream = new OutputPort('out', schema);
  const input = node.inputs.get('in');
  const output = node.outputs.get('out');
  if (input === undefined || output === undefined) throw new Error('no such port');
  input.bind(upstream);
  upstream.connect(input);
  const got: number[] = [];
  const world: World = {
    node,
    upstream,
    states,
    lines,
    got,
    full: false,
    reaches: (state) => expect.poll(() => states, { timeout: 10_000 }).toContain(state),
    failure: () => node.stats().failure,
  };
  const reader: Reader = {
    lossless: true,
    get full() {
      return world.full;
    },
    offer: (frame) => {
      got.push(Number(frame.value.value));
      frame.release();
    },
  };
  output.connect(reader);
  void node.setup();
  void node.start();
  return world;
}

const send = (world: World, value: number) => world.upstream.route(new Frame({ value }, handles));

describe('the handshake', () => {
  it('takes its steps in order and is ready when bytes have crossed both ways', async () => {
    const world = start('echo');
    expect(world.states).toEqual(['starting']);
    await world.reaches('running');
    expect(broker.calls).toEqual([
      'allocate',
      'hostAlive',
      'publishEndpoint',
      'channelUp',
      'markAcked',
      'clientAcked',
    ]);
    const setup = world.lines.find((line) => line.startsWith('setup '));
    expect(JSON.parse(setup?.slice(6) ?? '{}')).toEqual({
      type: 'setup',
      kind: 'reactive',
      processor_id: 'node',
      name: 'node',
      config: '{"strength":1}',
      inputs: { in: { delivery: 'every_sample', window: 8 } },
      outputs: { out: { blocking: true, window: 8 } },
      log_level: 'info',
    });
    await world.node.stop();
    expect(world.states).toEqual(['starting', 'running', 'stopping', 'stopped']);
    expect(broker.calls.at(-1)).toBe('close shutdown');
    expect(broker.statuses.at(-1)).toMatchObject({ processorId: 'node', state: 'stopped' });
  });

  it.each([
    ['silent', /did not answer the ping within 0\.2 s/],
    ['wrong', /answered the ping with the wrong bytes/],
    ['closes', /the direct channel was closed/],
    ['hasty', /broke the protocol: a frame on output "out" before its setup/],
    ['dies', /exited with code 9 before it was ready; the end of its stderr:\n {2}last words/],
  ])('fails with a client that is %s', async (behaviour, message) => {
    const world = start(behaviour, { limits: { pongMs: 200 } });
    await world.reaches('failed');
    expect(world.failure()).toMatch(message);
    expect(broker.calls.at(-1)).toBe('close error');
  });

  it('refuses a second client', async () => {
    const world = start('twice');
    await world.reaches('running');
    await expect.poll(() => world.lines).toContain('the second connection was refused');
    expect(world.lines.some((line) => /^refused process \d+, which claims connection/.test(line))).toBe(true);
    send(world, 1);
    await expect.poll(() => world.got).toEqual([1]);
  });

  it('restarts with a fresh connection', async () => {
    const world = start('dies', { restart: 'on-failure' });
    await world.reaches('failed');
    expect(world.failure()).toMatch(/given up after 5 restarts/);
    expect(broker.calls.filter((call) => call === 'allocate')).toHaveLength(6);
    expect(world.node.stats().restarts).toBe(5);
  });

  it('stops at once before there is a channel', async () => {
    const world = start('silent', { stopGraceMs: 60_000 });
    await expect.poll(() => broker.calls).toContain('channelUp');
    const { pid } = world.node.stats();
    await world.node.stop();
    expect(isRunning(Number(pid))).toBe(false);
    expect(world.states.at(-1)).toBe('stopped');
  });
});

describe('frames', () => {
  it('are dropped and counted before the client is ready', async () => {
    const world = start('echo');
    send(world, 1);
    expect(world.node.stats().inputs.in?.dropped_by).toEqual({ not_ready: 1 });
    await world.reaches('running');
    send(world, 2);
    await expect.poll(() => world.got).toEqual([2]);
  });

  it('hold the producer back before the client is ready when they are lossless', async () => {
    const world = start('echo', { delivery: 'lossless', queue: 2 });
    expect(world.upstream.heldBack).toBe(true);
    for (let value = 0; value < 50; value++) {
      while (world.upstream.heldBack) await world.upstream.whenRoom();
      send(world, value);
    }
    await expect.poll(() => world.got).toEqual(Array.from({ length: 50 }, (_, value) => value));
    expect(world.node.stats().dropped).toBe(0);
  });

  it.each([
    ['latest', 1, 8, { replaced: 9 }],
    ['every_sample', 3, 3, { overflow: 5 }],
  ] as const)('wait as %s wants it while the client is busy', async (delivery, sent, _queue, dropped) => {
    const world = start('keeps', { delivery, queue: 3 });
    await world.reaches('running');
    for (let value = 0; value < 11; value++) send(world, value);
    expect(world.node.stats()).toMatchObject({ frames_in: sent, dropped_by: dropped });
  });

  it('are lost, and said to be, when the client dies with them', async () => {
    const world = start('keeps');
    await world.reaches('running');
    for (let value = 0; value < 5; value++) send(world, value);
    process.kill(Number(world.node.stats().pid), 'SIGKILL');
    await world.reaches('failed');
    expect(world.failure()).toMatch(/was killed by SIGKILL/);
    expect(world.node.stats().dropped_by).toEqual({ lost: 5 });
    expect(world.upstream.heldBack).toBe(false);
  });

  it('hold the client back while a lossless reader is full', async () => {
    const world = start('echo');
    await world.reaches('running');
    world.full = true;
    for (let value = 0; value < 4; value++) send(world, value);
    await expect.poll(() => world.node.idle).toBe(false);
    world.full = false;
    await expect
      .poll(() => {
        world.node.outputs.get('out')?.roomMade();
        return world.got;
      })
      .toEqual([0, 1, 2, 3]);
  });

  it('may not be more than the window: such a client is ended', async () => {
    const world = start('floods');
    world.full = true;
    await world.reaches('failed');
    expect(world.failure()).toMatch(/more than 8 frames on output "out" without an acknowledgement/);
  });

  it('that cannot be encoded are counted as errors of the link', async () => {
    const world = start('echo');
    await world.reaches('running');
    world.upstream.route(new Frame({ value: 'seven' }, handles));
    expect(world.node.stats()).toMatchObject({ errors: 1, dropped_by: { error: 1 } });
    send(world, 7);
    await expect.poll(() => world.got).toEqual([7]);
  });
});

describe('the end', () => {
  it('comes by force when nothing else helps', async () => {
    const world = start('stubborn', { stopGraceMs: 50, termGraceMs: 50 });
    await world.reaches('running');
    const { pid } = world.node.stats();
    await world.node.stop();
    expect(isRunning(Number(pid))).toBe(false);
    expect(world.lines).toContain('not me');
  });
});
