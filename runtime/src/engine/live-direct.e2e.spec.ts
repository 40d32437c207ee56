import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Control } from '../control/control.js';
import { collector } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { expectNothingLeft, held, type Watched, watched } from '../testing/world.js';

/** The machine may have more to do than this. */
const PATIENT = { timeout: 20_000 };

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
  world = watched({ live: true });
  folder = mkdtempSync(join(tmpdir(), 'streamlib-live-'));
});
afterEach(async () => {
  await world.runtime.stop();
  await expectNothingLeft(before);
  rmSync(world.runtime.logFile, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

function code(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `import numpy as np\nimport streamlib\nfrom streamlib import VideoFrame\n\n${body}`);
  return file;
}

const SOURCE = `
@streamlib.processor(execution="manual", outputs={"video": VideoFrame})
def count(ctx):
    number = 0
    while not ctx.wait(0.005):
        yield VideoFrame.from_numpy(np.full((8, 16, 3), number & 255, np.uint8), ctx.now_ns(), number)
        number += 1
`;
const ADDS = (amount: number) => `
@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def add(inputs):
    return {"video_out": VideoFrame.from_numpy(inputs["video_in"].to_numpy() + np.uint8(${amount}))}
`;

/** counter → add → sink, the first two linked without the runtime in between. */
async function chain() {
  const sink = collector('sink');
  world.runtime
    .add('counter', 'python', { file: code('source.py', SOURCE) })
    .add('effect', 'python', { file: code('one.py', ADDS(1)) })
    .add('sink', sink.definition)
    .connect('counter', 'effect')
    .connect('effect', 'sink');
  await world.runtime.start();
  await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(10);
  return sink;
}

/** Frames of an input that came straight from another process, told once a second; none came otherwise. */
async function comesStraight(node: string): Promise<void> {
  const input = () => world.runtime.stats().nodes[node]?.inputs.video_in;
  const at = input()?.direct ?? 0;
  await expect.poll(() => input()?.direct, PATIENT).toBeGreaterThan(at + 5);
  expect(input()?.frames).toBe(input()?.direct);
}

const added = (frame: { number: number; first: number } | undefined) =>
  frame === undefined ? null : (frame.first - frame.number + 512) & 255;

describe('processors whose frames do not pass the runtime', () => {
  it('can be looked at while they run', async () => {
    await chain();
    const control = new Control(world.runtime, { packages: null, checker: null, sandbox: null });
    const user = { origin: 'user' } as const;
    const tapped = await control.call('tap', { port: 'counter.video', count: 3 }, user);
    expect(tapped).toMatchObject({ complete: true });
    const seen = await control.call('snapshot', { port: 'effect.video_in' }, user);
    expect(seen).toMatchObject({ port: 'counter.video', width: 16, height: 8 });
    control.close();
  });

  it('are replaced, removed and connected like any other', async () => {
    const sink = await chain();
    const { runtime } = world;
    expect(added(sink.frames.at(-1))).toBe(1);
    await comesStraight('effect');

    await runtime.replaceNode('effect', 'python', { file: code('two.py', ADDS(2)) });
    await expect.poll(() => added(sink.frames.at(-1)), PATIENT).toBe(2);
    await comesStraight('effect');
    await runtime.replaceNode('counter', 'python', { file: code('again.py', SOURCE) });
    const at = sink.frames.length;
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(at + 10);

    await comesStraight('effect');

    await runtime.disconnectPorts('counter', 'effect');
    const stopped = sink.frames.length;
    await runtime.connectPorts('counter', 'effect');
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(stopped + 5);
    await comesStraight('effect');

    await runtime.removeNode('effect');
    await runtime.addNode('effect', 'python', { file: code('three.py', ADDS(3)) });
    await runtime.connectPorts('effect', 'sink');
    await runtime.connectPorts('counter', 'effect');
    await expect.poll(() => added(sink.frames.at(-1)), PATIENT).toBe(3);
    await comesStraight('effect');
    expect(runtime.stats().nodes.effect).toMatchObject({ restarts: 0, errors: 0 });
    expect(runtime.stats().nodes.counter).toMatchObject({ restarts: 0, errors: 0 });
  });

  it('lose nothing that is lossless when one takes the place of another', async () => {
    const sink = collector('sink', 'lossless');
    world.runtime
      .add('counter', 'python', { file: code('source.py', SOURCE) })
      .add('effect', 'python', { file: code('one.py', ADDS(1)) })
      .add('sink', sink.definition)
      .connect('counter', 'effect', { delivery: 'lossless', queue: 4 })
      .connect('effect', 'sink', { delivery: 'lossless', queue: 4 });
    await world.runtime.start();
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(10);
    await world.runtime.replaceNode('effect', 'python', { file: code('two.py', ADDS(2)) });
    await expect.poll(() => added(sink.frames.at(-1)), PATIENT).toBe(2);
    const seen = sink.frames.map(({ number }) => number);
    expect(seen).toEqual(seen.map((_, n) => n));
    await comesStraight('effect');
  });

  it('lose nothing of either neighbour when the one between them is replaced again and again', async () => {
    const sink = collector('sink', 'lossless');
    const lossless = { delivery: 'lossless', queue: 4 } as const;
    world.runtime
      .add('counter', 'python', { file: code('source.py', SOURCE) })
      .add('first', 'python', { file: code('one.py', ADDS(1)) })
      .add('effect', 'python', { file: code('one.py', ADDS(1)) })
      .add('last', 'python', { file: code('one.py', ADDS(1)) })
      .add('sink', sink.definition)
      .connect('counter', 'first', lossless)
      .connect('first', 'effect', lossless)
      .connect('effect', 'last', lossless)
      .connect('last', 'sink', lossless);
    await world.runtime.start();
    for (const amount of [2, 3, 4]) {
      await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(10);
      await world.runtime.replaceNode('effect', 'python', { file: code(`${amount}.py`, ADDS(amount)) });
      await expect.poll(() => added(sink.frames.at(-1)), PATIENT).toBe(amount + 2);
    }
    const seen = sink.frames.map(({ number }) => number);
    expect(seen).toEqual(seen.map((_, n) => n));
    // One kind of frame, then the next.
    const kinds = sink.frames.map(added);
    expect(kinds).toEqual([...kinds].sort((a, b) => Number(a) - Number(b)));
    for (const node of ['first', 'effect', 'last']) await comesStraight(node);
  });

  it('a processor that is busy for long keeps neither a neighbour nor other changes waiting', async () => {
    const busy = join(folder, 'busy');
    const body = `
import pathlib, time

@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def wait(inputs):
    pathlib.Path(${JSON.stringify(busy)}).touch()
    time.sleep(60)
`;
    world.runtime
      .add('counter', 'python', { file: code('source.py', SOURCE) })
      .add('busy', 'python', { file: code('busy.py', body), hang_timeout_s: 0, stop_timeout_s: 0.1 })
      .add('effect', 'python', { file: code('one.py', ADDS(1)) })
      .add('sink', collector('sink').definition)
      .connect('counter', 'busy')
      .connect('busy', 'effect');
    await world.runtime.start();
    await expect.poll(() => existsSync(busy), PATIENT).toBe(true);
    let done = false;
    const changed = world.runtime
      .replaceNode('effect', 'python', { file: code('two.py', ADDS(2)) })
      .then(() => world.runtime.connectPorts('effect', 'sink'));
    void changed.then(() => {
      done = true;
    });
    await expect.poll(() => done, PATIENT).toBe(true);
  });

  it('go through the runtime after a change where the connection says so', async () => {
    const sink = await chain();
    await world.runtime.disconnectPorts('counter', 'effect');
    await world.runtime.connectPorts('counter', 'effect', { direct: false });
    const at = sink.frames.length;
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(at + 10);
    const { frames = 0, direct = 0 } = world.runtime.stats().nodes.effect?.inputs.video_in ?? {};
    expect(frames - direct).toBeGreaterThan(5);
  });
});
