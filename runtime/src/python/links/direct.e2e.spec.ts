import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '../../engine/api.js';
import type { Wiring } from '../../engine/completion.js';
import { collector, pattern } from '../../testing/processors.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { expectNothingLeft, held, pythonFile, type Watched, watched } from '../../testing/world.js';
import { PythonProcessor } from '../host/processor.js';

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;
let files = 0;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
  world = watched();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    // Whoever looks for the cause wants to see what the processes said.
    console.log(
      world.lines.map(({ level, processor, message }) => `${level} ${processor} ${message}`).join('\n'),
    );
  }
  await world.runtime.stop();
  await expectNothingLeft(before);
  rmSync(world.runtime.logFile, { force: true });
});

const again = (options: RuntimeOptions) => {
  world = watched(options);
};

const stats = (id: string) => {
  const found = world.runtime.stats().nodes[id];
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
};

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

const python = (id: string, processor: string, config: Record<string, unknown> = {}) =>
  world.runtime.add(id, 'python', {
    file: pythonFile('chain.py'),
    processor,
    config,
    backoff_s: 0.01,
    max_restarts: 50,
  });

interface Kept {
  readonly number: number;
  readonly first: number;
  readonly last: number;
  readonly at: number;
}

/** A Python sink that writes what it saw into a file. */
function keep(id: string, config: Record<string, unknown> = {}) {
  files++;
  const file = join(sandbox.home, `kept-${files}`);
  const gate = join(sandbox.home, `gate-${files}`);
  writeFileSync(file, '');
  if (config.gated === true) execFileSync('mkfifo', [gate]);
  python(id, 'Keep', { file, ...config, ...(config.gated === true && { gate }) });
  const frames = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Kept);
  return { frames, seen: () => frames().map(({ number }) => number), open: () => writeFileSync(gate, '') };
}

/** Settles when a link has come about: so many times, if it is lost and heals. */
const linked = (from: string, to: string, times = 1) =>
  expect
    .poll(
      () =>
        world.lines.filter(({ message }) => message === `linked directly: ${from} → ${to}`).length >= times,
      { timeout: 20_000, interval: 5 },
    )
    .toBe(true);

describe('a chain of Python processors', () => {
  it('of eight stages hands every frame on in order, and not through the runtime', async () => {
    const source = pattern();
    const sink = collector('collector', 'lossless');
    const { runtime } = world;
    runtime.add('source', source.definition).add('sink', sink.definition);
    const stages = numbers(8).map((n) => `stage${n}`);
    for (const id of stages) python(id, 'add_one');
    const all = ['source', ...stages, 'sink'];
    for (const n of numbers(9)) runtime.connect(`${all[n]}`, `${all[n + 1]}`, { delivery: 'lossless' });
    await runtime.start();
    for (let n = 0; n < 300; n++) await source.write(n);
    await expect.poll(() => sink.frames.length, { timeout: 20_000 }).toBe(300);
    expect(sink.frames.map(({ number }) => number)).toEqual(numbers(300));
    for (const { number, first, last } of sink.frames) {
      expect([first, last]).toEqual([(number + 8) & 255, (number + 8) & 255]);
    }
    await runtime.stop();
    for (const [at, id] of stages.entries()) {
      const { inputs, outputs } = stats(id);
      // What is not direct was counted where it passed: here, on this loop.
      expect(inputs.video_in).toMatchObject({ frames: 300, direct: at === 0 ? 0 : 300, dropped: 0 });
      expect(outputs.video_out).toMatchObject({ frames: 300, direct: at === 7 ? 0 : 300, dropped: 0 });
      expect(stats(id).latency_ms?.count).toBe(300);
    }
    expect(runtime.stats()).toMatchObject({ frames_in: 300, frames_out: 300, dropped: 0 });
  }, 60_000);

  it.each([
    ['Source', 'manual'],
    ['Loop', 'continuous'],
  ])('can begin with %s, which is %s, and have only Python in it', async (processor) => {
    python('source', processor, { count: 200 });
    python('pass', 'Pass');
    const sink = keep('sink');
    world.runtime
      .connect('source', 'pass', { delivery: 'lossless' })
      .connect('pass', 'sink', { delivery: 'lossless' });
    await world.runtime.start();
    await expect.poll(sink.seen, { timeout: 20_000 }).toEqual(numbers(200));
    expect(sink.frames().every(({ number, first, last }) => first === number && last === number)).toBe(true);
    await world.runtime.stop();
    expect(world.runtime.stats()).toMatchObject({ frames_in: 200, frames_out: 200, dropped: 0 });
    expect(stats('sink').inputs.video_in).toMatchObject({ frames: 200, direct: 200 });
  });

  it('ends by itself when all of it has been worked off, and not before', async () => {
    python('source', 'Source', { count: 30 });
    python('pass', 'Pass', { wait_s: 0.01 });
    const sink = keep('sink');
    world.runtime
      .connect('source', 'pass', { delivery: 'lossless' })
      .connect('pass', 'sink', { delivery: 'lossless' });
    await world.runtime.start();
    expect(await world.runtime.outcome).toEqual({ reason: 'finished', failures: [] });
    expect(sink.seen()).toEqual(numbers(30));
    expect(world.runtime.stats()).toMatchObject({ frames_in: 30, frames_out: 30, dropped: 0 });
  });

  it.each(['runtime', 'connection'])('goes through the runtime when the %s says so', async (where) => {
    if (where === 'runtime') again({ direct: false });
    python('source', 'Source', { count: 20 });
    const sink = keep('sink');
    world.runtime.connect('source', 'sink', {
      delivery: 'lossless',
      ...(where === 'connection' && { direct: false }),
    });
    await world.runtime.start();
    expect(await world.runtime.outcome).toEqual({ reason: 'finished', failures: [] });
    expect(sink.seen()).toEqual(numbers(20));
    expect(stats('sink').inputs.video_in).toMatchObject({ frames: 20, direct: 0 });
    expect(stats('source').outputs.video_out).toMatchObject({ frames: 20, direct: 0 });
  });
});

describe('delivery', () => {
  it('latest: what a busy reader gets next is the newest, and the others count as replaced', async () => {
    const source = pattern();
    world.runtime.add('source', source.definition);
    python('pass', 'Pass');
    const sink = keep('sink', { gated: true });
    world.runtime
      .connect('source', 'pass', { delivery: 'lossless' })
      .connect('pass', 'sink', { delivery: 'latest' });
    await world.runtime.start();
    await linked('pass.video_out', 'sink.video_in');
    for (let n = 0; n < 50; n++) await source.write(n);
    await expect.poll(() => stats('sink').dropped_by, { timeout: 5_000 }).toEqual({ replaced: 48 });
    sink.open();
    await expect.poll(sink.seen).toEqual([0, 49]);
    await world.runtime.stop();
    expect(stats('sink')).toMatchObject({ frames_in: 2, dropped_by: { replaced: 48 } });
  });

  it('every_sample: a busy reader has its queue, and the oldest overflow', async () => {
    const source = pattern();
    world.runtime.add('source', source.definition);
    python('pass', 'add_one');
    const sink = keep('sink', { gated: true });
    world.runtime
      .connect('source', 'pass', { delivery: 'lossless' })
      .connect('pass', 'sink', { delivery: 'every_sample', queue: 4 });
    await world.runtime.start();
    await linked('pass.video_out', 'sink.video_in');
    for (let n = 0; n < 50; n++) await source.write(n);
    await expect.poll(() => stats('sink').dropped_by, { timeout: 5_000 }).toEqual({ overflow: 42 });
    sink.open();
    await expect.poll(sink.seen).toEqual([0, 1, 2, 3, 46, 47, 48, 49]);
  });

  it('drops and counts what comes before the reader is there', async () => {
    python('source', 'Source', { count: 100_000, every_s: 0.005 });
    const sink = keep('sink');
    world.runtime.connect('source', 'sink', { delivery: 'every_sample' });
    await world.runtime.start();
    await world.reaches('source', 'running');
    await expect.poll(() => sink.seen().length, { timeout: 20_000 }).toBeGreaterThan(10);
    await world.runtime.stop();
    const input = stats('sink').inputs.video_in;
    const seen = sink.seen();
    expect(seen).toEqual(seen.map((_, n) => Number(seen[0]) + n));
    expect(input?.frames).toBe(seen.length);
    expect(input?.dropped_by.not_ready ?? 0).toBe(Number(seen[0]));
  });
});

describe('fan-out', () => {
  it('gives each of eight readers, and one in the runtime, every frame of which one was written', async () => {
    python('source', 'Source', { count: 100 });
    const readers = numbers(8).map((n) => keep(`reader${n}`));
    const local = collector('collector', 'lossless');
    world.runtime.add('local', local.definition).connect('source', 'local');
    for (const n of numbers(8)) world.runtime.connect('source', `reader${n}`, { delivery: 'lossless' });
    await world.runtime.start();
    expect(await world.runtime.outcome).toEqual({ reason: 'finished', failures: [] });
    for (const reader of readers) {
      expect(reader.seen()).toEqual(numbers(100));
      expect(reader.frames().every(({ number, first, last }) => first === number && last === number)).toBe(
        true,
      );
    }
    expect(local.frames.map(({ number }) => number)).toEqual(numbers(100));
    expect(stats('source').outputs.video_out).toMatchObject({ frames: 100, direct: 0 });
    expect(world.runtime.stats()).toMatchObject({ frames_in: 100, frames_out: 900, dropped: 0 });
  }, 60_000);

  it.each(['latest', 'every_sample'] as const)(
    'a reader with %s that hangs delays nobody',
    async (delivery) => {
      const source = pattern();
      world.runtime.add('source', source.definition);
      python('pass', 'add_one');
      const stuck = numbers(2).map((n) => keep(`stuck${n}`, { gated: true, from: 5 * n }));
      const free = keep('free');
      world.runtime
        .connect('source', 'pass', { delivery: 'lossless' })
        .connect('pass', 'free', { delivery: 'lossless' });
      for (const n of numbers(2)) world.runtime.connect('pass', `stuck${n}`, { delivery });
      await world.runtime.start();
      for (const id of ['stuck0', 'stuck1', 'free']) await linked('pass.video_out', `${id}.video_in`);
      for (let n = 0; n < 100; n++) await source.write(n);
      await expect.poll(() => free.seen().length).toBe(100);
      expect(free.seen()).toEqual(numbers(100));
      expect(stuck.map((reader) => reader.seen().length)).toEqual(
        delivery === 'latest' ? [0, expect.anything()] : [0, 5],
      );
      for (const reader of stuck) reader.open();
      for (const reader of stuck) await expect.poll(() => reader.seen().at(-1)).toBe(99);
      await world.runtime.stop();
      expect(stats('free').dropped).toBe(0);
      for (const id of ['stuck0', 'stuck1']) {
        const { frames, dropped } = stats(id).inputs.video_in ?? { frames: 0, dropped: 0 };
        expect(frames + dropped).toBe(100);
      }
    },
    60_000,
  );
});

describe('fan-out from the runtime', () => {
  it('goes on for the others when two readers hang', async () => {
    const source = pattern();
    world.runtime.add('source', source.definition);
    const stuck = numbers(2).map((n) => keep(`stuck${n}`, { gated: true, from: 5 * n }));
    const free = keep('free');
    for (const n of numbers(2)) world.runtime.connect('source', `stuck${n}`, { delivery: 'every_sample' });
    world.runtime.connect('source', 'free', { delivery: 'lossless' });
    await world.runtime.start();
    for (const id of ['stuck0', 'stuck1', 'free']) await world.reaches(id, 'running');
    for (let n = 0; n < 100; n++) await source.write(n);
    await expect.poll(() => free.seen().length).toBe(100);
    for (const reader of stuck) reader.open();
    for (const reader of stuck) await expect.poll(() => reader.seen().at(-1)).toBe(99);
    // What it can hold is 16, and it may have finished five before; whether that was heard in time depends.
    expect(stats('stuck0').dropped_by).toEqual({ overflow: 84 });
    expect(stats('stuck1').dropped).toBeGreaterThanOrEqual(79);
    expect(stats('stuck1').dropped).toBeLessThanOrEqual(84);
  }, 60_000);
});

describe('a graph that changes while it runs', () => {
  it('links processes that run already, and parts them', async () => {
    python('source', 'Source', { count: 100_000, every_s: 0.005 });
    const first = keep('first');
    const second = keep('second');
    world.runtime.connect('source', 'first', { delivery: 'every_sample' });
    const { runtime } = world;
    const node = (id: string) => {
      const found = (runtime as unknown as { wiring: Wiring }).wiring.nodes.find((item) => item.id === id);
      if (!(found instanceof PythonProcessor)) throw new Error(`no Python node ${id}`);
      return found;
    };
    await runtime.start();
    await world.reaches('second', 'running');
    await linked('source.video_out', 'first.video_in');
    node('source').process.linkTo('video_out', node('second'), 'video_in');
    await expect.poll(() => second.seen().length, { timeout: 5_000 }).toBeGreaterThan(5);
    node('source').process.unlink('video_out', node('first'), 'video_in');
    const reached = second.seen().length;
    await expect.poll(() => second.seen().length, { timeout: 5_000 }).toBeGreaterThan(reached + 20);
    const left = first.seen().length;
    await expect.poll(() => second.seen().length, { timeout: 5_000 }).toBeGreaterThan(reached + 40);
    expect(first.seen().length).toBe(left);
    // A reader in the runtime is told to the process as well.
    const port = node('source').outputs.get('video_out');
    let routed = 0;
    port?.connect({
      lossless: false,
      full: false,
      offer: (frame) => {
        routed++;
        frame.release();
      },
    });
    await expect.poll(() => routed, { timeout: 5_000 }).toBeGreaterThan(5);
  });
});

describe('fan-in', () => {
  it('takes each input over a channel of its own', async () => {
    python('a', 'Source', { count: 100 });
    python('b', 'Loop', { count: 100 });
    python('join', 'Join');
    const sink = keep('sink');
    world.runtime
      .connect('a', 'join.a', { delivery: 'lossless' })
      .connect('b', 'join.b', { delivery: 'lossless' })
      .connect('join', 'sink', { delivery: 'lossless' });
    await world.runtime.start();
    await expect.poll(() => sink.seen().length, { timeout: 20_000 }).toBe(200);
    expect(sink.seen().sort((x, y) => x - y)).toEqual(numbers(200).map((n) => n >> 1));
    await world.runtime.stop();
    expect(stats('join').inputs).toMatchObject({
      a: { frames: 100, direct: 100 },
      b: { frames: 100, direct: 100 },
    });
  });
});

/** Descriptors of a process, and its mappings of frames. */
const holds = (id: string) => {
  const { pid } = stats(id);
  const mappings = readFileSync(`/proc/${pid}/maps`, 'utf8').match(/memfd:streamlib-frames/g) ?? [];
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, mappings: mappings.length };
};

describe('a process that is killed in flow', () => {
  const flow = async () => {
    const source = pattern();
    const sink = collector('collector', 'every_sample');
    world.runtime.add('source', source.definition).add('sink', sink.definition);
    for (const id of ['first', 'middle', 'last']) python(id, 'Pass');
    world.runtime
      .connect('source', 'first', { delivery: 'every_sample' })
      .connect('first', 'middle', { delivery: 'every_sample' })
      .connect('middle', 'last', { delivery: 'every_sample' })
      .connect('last', 'sink');
    await world.runtime.start();
    await linked('first.video_out', 'middle.video_in');
    await linked('middle.video_out', 'last.video_in');
    let n = 0;
    /** Sends frames until one arrives that was sent after now. */
    const arrives = async () => {
      const from = n;
      await expect
        .poll(
          () => {
            source.send(n++);
            return (sink.frames.at(-1)?.number ?? -1) >= from;
          },
          { interval: 2, timeout: 20_000 },
        )
        .toBe(true);
    };
    await arrives();
    return { source, sink, arrives };
  };

  it.each(['first', 'middle', 'last'])(
    'the %s of three, ten times over: links heal, nothing is left behind anywhere',
    async (victim) => {
      const { sink, arrives } = await flow();
      const others = ['first', 'middle', 'last'].filter((id) => id !== victim);
      let baseline: Record<string, ReturnType<typeof holds>> = {};
      for (let round = 1; round <= 10; round++) {
        process.kill(Number(stats(victim).pid), 'SIGKILL');
        await world.reaches(victim, 'running', round + 1);
        await arrives();
        if (round === 2) baseline = Object.fromEntries(others.map((id) => [id, holds(id)]));
      }
      expect(stats(victim).restarts).toBe(10);
      // Descriptors of the dead go when they are heard of. The source's pool may have grown by segments since, to four of them.
      for (const id of others) {
        const then = baseline[id] ?? { descriptors: 0, mappings: 0 };
        await expect
          .poll(
            () => {
              const { descriptors, mappings } = holds(id);
              return [id, descriptors - then.descriptors <= 3, mappings - then.mappings <= 3];
            },
            { timeout: 5_000 },
          )
          .toEqual([id, true, true]);
      }
      const seen = sink.frames.map(({ number }) => number);
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      expect(sink.frames.every(({ number, first }) => first === (number & 255))).toBe(true);
    },
    120_000,
  );

  it('loses what it had of a lossless link, and says so; the rest arrives in order', async () => {
    python('source', 'Source', { count: 200 });
    python('pass', 'Pass', { die_on: 50 });
    const sink = keep('sink');
    world.runtime
      .connect('source', 'pass', { delivery: 'lossless' })
      .connect('pass', 'sink', { delivery: 'lossless' });
    await world.runtime.start();
    await expect.poll(() => sink.seen().at(-1), { timeout: 20_000 }).toBe(199);
    await world.runtime.stop();
    const seen = sink.seen();
    const { dropped_by } = stats('pass');
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    // At most a window of them, the one that killed it among them, and a window of what it had sent and nobody had read.
    expect(seen.length).toBeGreaterThanOrEqual(184);
    expect(seen).not.toContain(50);
    // What it had finished and not yet acknowledged is not lost, but nobody can know.
    expect(dropped_by.lost).toBeGreaterThanOrEqual(200 - seen.length);
    expect(dropped_by.lost).toBeLessThanOrEqual(200 - seen.length + 3);
    expect(stats('pass').inputs.video_in?.frames).toBe(200);
  });
});
