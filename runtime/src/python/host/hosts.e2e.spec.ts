import { rmSync } from 'node:fs';
import { type debugCounts, isRunning } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPipeline } from '../../testing/pipeline.js';
import { collector, pattern } from '../../testing/processors.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { expectNothingLeft, held, pythonFile, type Watched, watched } from '../../testing/world.js';

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
  world = watched();
});
afterEach(async () => {
  await world.runtime.stop();
  await expectNothingLeft(before);
  rmSync(world.runtime.logFile, { force: true });
});

const node = (id: string) => {
  const stats = world.runtime.stats().nodes[id];
  if (stats === undefined) throw new Error(`no node ${id}`);
  return stats;
};

function pipeline(file: string, params: Record<string, unknown> = {}, delivery: Delivery = 'every_sample') {
  const connection = { delivery, queue: 8 };
  return startPipeline(
    world,
    { file: pythonFile(file), backoff_s: 0.01, ...params },
    { collects: delivery, before: connection, after: connection },
  );
}

describe('PythonReactiveProcessor', () => {
  it('drops what comes before it is ready, and then processes each frame', async () => {
    const { source, sink } = await pipeline('invert.py');
    expect(source.send(0)).toBe(true);
    expect(node('effect')).toMatchObject({ state: 'starting', dropped_by: { not_ready: 1 } });
    await world.reaches('effect', 'running');
    for (let n = 1; n <= 5; n++) {
      source.send(n);
      await expect.poll(() => sink.frames.length).toBe(n);
    }
    expect(sink.frames.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(sink.frames.map(({ first, last }) => [first, last])).toEqual(
      [254, 253, 252, 251, 250].map((byte) => [byte, byte]),
    );
    expect(node('effect')).toMatchObject({ frames_in: 5, frames_out: 5, restarts: 0, errors: 0 });
    expect(node('effect').latency_ms?.count).toBe(5);
  });

  it('hands a frame on without a copy, and gets its memory back', async () => {
    const { source, sink } = await pipeline('faults.py', { processor: 'Forward' });
    await world.reaches('effect', 'running');
    for (let n = 0; n < 100; n++) {
      expect(source.send(n)).toBe(true);
      await expect.poll(() => sink.frames.length, { interval: 1 }).toBe(n + 1);
    }
    expect(sink.frames.at(-1)).toMatchObject({ number: 99, first: 99, last: 99 });
    // A hundred frames went through a pool of sixteen slots, and Python has none of its own.
    expect(world.runtime.stats().dropped).toBe(0);
  });

  it('reports an exception with its traceback and goes on', async () => {
    const { source, sink } = await pipeline('faults.py', { processor: 'Forward', config: { raise_on: 2 } });
    await world.reaches('effect', 'running');
    for (let n = 1; n <= 3; n++) {
      source.send(n);
      await expect.poll(() => node('effect').frames_in).toBe(n);
      await expect.poll(() => sink.frames.length + node('effect').errors).toBe(n);
    }
    expect(sink.frames.map(({ number }) => number)).toEqual([1, 3]);
    expect(node('effect')).toMatchObject({ errors: 1, state: 'running', restarts: 0 });
    const told = world.lines.find((line) => line.level === 'error' && line.processor === 'effect');
    expect(told?.message).toMatch(/ValueError: frame 2 is not to my taste/);
    expect(told?.message).toMatch(/faults\.py/);
  });

  it('loses nothing that is lossless', async () => {
    const { source, sink } = await pipeline('invert.py', {}, 'lossless');
    for (let n = 0; n < 200; n++) await source.write(n);
    await expect.poll(() => sink.frames.length).toBe(200);
    expect(sink.frames.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(sink.frames.every(({ number, first }) => first === 255 - (number & 255))).toBe(true);
    expect(world.runtime.stats()).toMatchObject({ dropped: 0, frames_in: 200, frames_out: 200 });
  });

  it('prints into the log under its name', async () => {
    await pipeline('faults.py', { processor: 'Forward' });
    await world.reaches('effect', 'running');
    await expect
      .poll(() =>
        world.lines.some((line) => line.processor === 'effect' && line.message.includes('forward is set up')),
      )
      .toBe(true);
  });
});

describe('PythonManualProcessor', () => {
  it('remembers start() until it is ready, sends what it makes, and ends the run', async () => {
    const sink = collector('collector', 'lossless');
    world.runtime
      .add('counter', 'python', { file: pythonFile('counter.py'), config: { count: 50 } })
      .add('sink', sink.definition)
      .connect('counter', 'sink');
    await world.runtime.start();
    expect(node('counter').state).toBe('starting');
    expect(await world.runtime.outcome).toEqual({ reason: 'finished', failures: [] });
    expect(sink.frames.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(sink.frames.every(({ number, first, last }) => first === number && last === number)).toBe(true);
    expect(node('counter').state).toBe('finished');
  });
});

describe('PythonContinuousProcessor', () => {
  it('loops with the newest input once it is ready', async () => {
    const { source, sink } = await pipeline('newest.py', {}, 'latest');
    source.send(0);
    expect(node('effect').dropped_by).toEqual({ not_ready: 1 });
    await world.reaches('effect', 'running');
    source.send(1);
    await expect.poll(() => sink.frames.map(({ number }) => number)).toEqual([1]);
  });
});

describe('a subprocess that goes wrong', () => {
  it('is told with its exit code and stderr when it dies before it is ready', async () => {
    await pipeline('dies_at_start.py', { restart: 'never' });
    const failed = await world.reaches('effect', 'failed');
    expect(failed.message).toMatch(/exited with code 7 before it was ready/);
    expect(failed.message).toMatch(/the licence has expired/);
    expect(node('sink').state).toBe('running');
  });

  it('restarts by policy, with a fresh connection, and gives up', async () => {
    await pipeline('dies_at_start.py', { max_restarts: 2 });
    const failed = await world.reaches('effect', 'failed');
    expect(failed.message).toMatch(/given up after 2 restarts/);
    expect(node('effect').restarts).toBe(2);
  });

  it('fails with the traceback when setup() raises', async () => {
    await pipeline('faults.py', { processor: 'BadSetup', restart: 'never' });
    const failed = await world.reaches('effect', 'failed');
    expect(failed.message).toMatch(/setup failed: RuntimeError: no model found/);
    expect(world.lines.some((line) => line.message.includes('Traceback'))).toBe(true);
  });

  it('does not stop the rest of the graph when its file does not import', async () => {
    const source = pattern();
    const sink = collector();
    world.runtime
      .add('source', source.definition)
      .add('broken', 'python', { file: pythonFile('broken.py') })
      .add('sink', sink.definition)
      .connect('source', 'sink')
      .connect('source', 'broken.video_in');
    await world.runtime.start();
    const failed = await world.reaches('broken', 'failed');
    expect(failed.message).toMatch(
      /broken\.py:1: ModuleNotFoundError: No module named 'a_module_that_nobody_has'/,
    );
    source.send(1);
    await expect.poll(() => sink.frames.length).toBe(1);
  });

  it('is noticed within 100 ms when killed in flow, gives everything back, and comes again', async () => {
    const { source, sink } = await pipeline('faults.py', { processor: 'Forward', config: { die_on: 7 } });
    await world.reaches('effect', 'running');
    source.send(1);
    await expect.poll(() => sink.frames.length).toBe(1);
    const { pid, connection_id: first } = node('effect');
    source.send(7);
    await world.reaches('effect', 'waiting');
    expect(node('effect').dropped_by).toMatchObject({ lost: 1 });
    await world.reaches('effect', 'running', 2);
    expect(node('effect').restarts).toBe(1);
    expect(node('effect').pid).not.toBe(pid);
    expect(node('effect').connection_id).not.toBe(first);
    source.send(8);
    await expect.poll(() => sink.frames.map(({ number }) => number)).toEqual([1, 8]);
  });

  it('is noticed within 100 ms when killed in the handshake', async () => {
    await pipeline('invert.py');
    // The least of several attempts: what other programs on the machine add to one says nothing about this one.
    let fastest = Number.POSITIVE_INFINITY;
    let kills = 0;
    while (fastest >= 100 && kills < 4) {
      await expect
        .poll(() => node('effect').state === 'starting' && node('effect').pid, { interval: 1 })
        .toBeTruthy();
      const at = performance.now();
      process.kill(Number(node('effect').pid), 'SIGKILL');
      await world.reaches('effect', 'waiting', ++kills);
      fastest = Math.min(fastest, performance.now() - at);
    }
    expect(fastest).toBeLessThan(100);
    await world.reaches('effect', 'running');
    expect(node('effect').restarts).toBe(kills);
  });

  it('is killed when it hangs', async () => {
    await pipeline('invert.py', { heartbeat_timeout_s: 1.5 });
    await world.reaches('effect', 'running');
    process.kill(Number(node('effect').pid), 'SIGSTOP');
    const waiting = await world.reaches('effect', 'waiting');
    expect(waiting.message).toMatch(/no heartbeat for/);
    await world.reaches('effect', 'running', 2);
  });

  it('is killed when it does not end as asked', async () => {
    await pipeline('faults.py', { processor: 'Stubborn', stop_timeout_s: 0.1 });
    await world.reaches('effect', 'running');
    const pid = Number(node('effect').pid);
    await world.runtime.stop();
    expect(isRunning(pid)).toBe(false);
  });
});
