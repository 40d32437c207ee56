import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type debugCounts, isRunning } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '../../engine/api.js';
import { startPipeline } from '../../testing/pipeline.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { expectNothingLeft, held, pythonFile, type Watched, watched } from '../../testing/world.js';

const RESTARTS = 20;
let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
});
afterEach(async () => {
  await world.runtime.stop();
  expect(children()).toEqual([]);
  await expectNothingLeft(before);
  rmSync(world.runtime.logFile, { force: true });
});

/** Python processes of this one, by what `ps` tells of them. */
function children(): { pid: number; line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const mine = Number(parent) === process.pid && state !== 'Z' && line.includes('streamlib.');
        return mine ? [{ pid: Number(pid), line }] : [];
      } catch {
        return [];
      }
    });
}

/** What this process has open, by kind; what only waits for the garbage collector does not count. */
function kinds(): Record<string, number> {
  held();
  const counts: Record<string, number> = {};
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const kind = readlinkSync(`/proc/self/fd/${fd}`).replaceAll(/\d+/g, '#');
      counts[kind] = (counts[kind] ?? 0) + 1;
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return counts;
}

const spareLines = () => children().filter(({ line }) => line.includes('streamlib._process.spare'));
function spareIsWarm(): boolean {
  if (spareLines().length === 0) return false;
  const started = world.lines.map(({ message }) => message).lastIndexOf('spare Python process started');
  return world.lines.slice(started).some(({ message }) => message === 'spare Python process: warm');
}

/** How long this machine takes for it now: it may have much else to do. */
async function importOfNumpy(): Promise<number> {
  const began = performance.now();
  const python = join(String(process.env.STREAMLIB_VENV), 'bin', 'python');
  await once(spawn(python, ['-c', 'import numpy'], { stdio: 'ignore' }), 'exit');
  return performance.now() - began;
}

const said = (pattern: RegExp) => world.lines.filter(({ message }) => pattern.test(message));
const node = () => {
  const stats = world.runtime.stats().nodes.effect;
  if (stats === undefined) throw new Error('no node effect');
  return stats;
};

async function start(file: string, params: Record<string, unknown> = {}, options: RuntimeOptions = {}) {
  world = watched(options);
  const often = { backoff_s: 0.001, backoff_cap_s: 0.001, max_restarts: 100 };
  const pipeline = await startPipeline(
    world,
    { file: pythonFile(file), ...often, ...params },
    { before: { delivery: 'every_sample' } },
  );
  await world.reaches('effect', 'running');
  return pipeline;
}

describe('a spare Python process', () => {
  it('becomes the processor’s in everything that can be seen of it', async () => {
    const { source, sink } = await start('speaks.py');
    expect(said(/the spare process takes it on/)).toHaveLength(1);
    const own = children().find(({ pid }) => pid === node().pid);
    expect(own?.line).toMatch(/-m streamlib\._subprocess_runner \S+speaks\.py Speaks$/);
    await expect.poll(() => said(/^group/).length).toBe(1);
    for (const [pattern, text] of [
      [/^imported as/, `imported as ${pythonFile('speaks.py')} in streamlib_file_speaks`],
      [/^group/, 'group True environment none'],
    ] as const) {
      expect(said(pattern)).toMatchObject([{ processor: 'effect', level: 'info', message: text }]);
    }
    source.send(1);
    await expect.poll(() => sink.frames.length).toBe(1);
    source.send(3);
    await world.reaches('effect', 'waiting');
    const [event] = world.events.filter(({ state }) => state === 'waiting');
    expect(event?.message).toMatch(/exited with code 9; the end of its stderr:\n {2}the last words$/);
  });

  it('has the same descriptors as one that was started for the job', async () => {
    await start('speaks.py', {}, { spareProcess: false });
    await expect.poll(() => said(/^descriptors/).length).toBe(1);
    const [cold] = said(/^descriptors/);
    expect(said(/spare/)).toEqual([]);
    await world.runtime.stop();
    await start('speaks.py');
    await expect.poll(() => said(/^descriptors/).length).toBe(1);
    expect(said(/^descriptors/)[0]?.message).toBe(cold?.message);
    expect(said(/the spare process takes it on/)).toHaveLength(1);
  });

  it('is nobody’s until it is used, and one at most', async () => {
    await start('invert.py');
    await expect.poll(() => spareLines().length, { timeout: 10_000 }).toBe(1);
    expect(children()).toHaveLength(2);
    expect(Object.keys(world.runtime.stats().nodes)).toEqual(['source', 'effect', 'sink']);
    expect(
      world.lines.some(({ processor, message }) => processor !== null && /spare Python/.test(message)),
    ).toBe(false);
  });

  it('brings a processor back that is killed again and again, and nothing is left of those before', async () => {
    const { source, sink } = await start('invert.py');
    // Memory for frames is there from the first frame on.
    source.send(0);
    await expect.poll(() => sink.frames.length).toBe(1);
    await expect.poll(() => spareLines().length, { timeout: 10_000 }).toBe(1);
    const descriptors = kinds();
    const took: number[] = [];
    for (let restart = 1; restart <= RESTARTS; restart++) {
      const withSpare = restart % 4 === 0;
      if (withSpare) await expect.poll(spareIsWarm, { timeout: 20_000 }).toBe(true);
      const seen = sink.frames.length;
      const began = performance.now();
      process.kill(Number(node().pid), 'SIGKILL');
      await world.reaches('effect', 'running', restart + 1);
      source.send(restart);
      await expect.poll(() => sink.frames.length, { interval: 1, timeout: 10_000 }).toBe(seen + 1);
      if (withSpare) took.push(performance.now() - began);
      expect(children().length).toBeLessThanOrEqual(2);
    }
    expect(node().restarts).toBe(RESTARTS);
    expect(said(/the spare process takes it on/).length).toBeGreaterThanOrEqual(took.length);
    took.sort((a, b) => a - b);
    expect(took[Math.floor(took.length / 2)]).toBeLessThan(Math.max(1_000, 2 * (await importOfNumpy())));
    await expect.poll(() => spareLines().length, { timeout: 10_000 }).toBe(1);
    await expect.poll(kinds, { timeout: 5_000 }).toEqual(descriptors);
  }, 120_000);

  it('ends with a runtime that is killed', async () => {
    await start('invert.py', {}, { spareProcess: false });
    const pool = fileURLToPath(new URL('../../../dist/python/spare/pool.js', import.meta.url));
    const python = join(String(process.env.STREAMLIB_VENV), 'bin', 'python');
    const program = `
      import { SparePool } from ${JSON.stringify(pool)};
      const say = (message, fields) => console.log(JSON.stringify({ message, ...fields }));
      new SparePool({ debug: say }).warm(${JSON.stringify(python)});
      setInterval(() => {}, 1000);`;
    const runtime = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: runtime.stdout }), 'line');
    const { pid } = JSON.parse(String(line));
    expect(isRunning(pid)).toBe(true);
    runtime.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false);
  });
});
