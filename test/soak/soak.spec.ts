import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../harness/world.js';
import { judge } from './judge.js';

let world: World;
beforeAll(async () => {
  world = await World.open('soak');
});
afterAll(() => world.close());

const flat = {
  p50_ms: 1,
  runtime_mb: 100,
  client_mb: 40,
  broker_mb: 80,
  runtime_fds: 30,
  frame_fds: 6,
  client_fds: 12,
  broker_fds: 25,
};

describe('the judge of a long run', () => {
  const run = (change: (index: number) => object) =>
    judge(Array.from({ length: 60 }, (_, index) => ({ ...flat, ...change(index) })));

  it('lets a run pass that is flat after its start', () => {
    expect(run((index) => (index < 8 ? { runtime_mb: 60 } : {})).flat).toBe(true);
  });
  it.each([
    ['memory grows', (index: number) => ({ client_mb: 40 + index })],
    ['descriptors grow', (index: number) => ({ broker_fds: 25 + Math.floor(index / 10) })],
    ['latency grows', (index: number) => ({ p50_ms: 1 + index })],
    ['something was not measured', () => ({ client_mb: null })],
  ])('does not when %s', (_what, change) => {
    expect(run(change).flat).toBe(false);
  });
  it.each([
    { mb: 106, expected: false },
    { mb: 94, expected: false },
    { mb: 104, expected: true },
    { mb: 96, expected: true },
  ])('wants a long run near its memory after the first minute: 100 MB, then $mb', ({ mb, expected }) => {
    const samples = Array.from({ length: 120 }, (_, index) => {
      const all = index < 6 ? 30 : index < 40 ? 100 : mb;
      return { ...flat, at_s: index * 10, runtime_mb: all - 40, client_mb: 20, broker_mb: 20 };
    });
    expect(judge(samples).series.memory_mb?.ok).toBe(expected);
  });
  it('does not when there is too little to judge', () => {
    expect(judge([flat]).flat).toBe(false);
  });
});

describe('a long run, shortened', () => {
  it('is flat in memory, descriptors and latency, while processes are killed and its graph is changed', async () => {
    const page = join(world.sandbox.home, 'soak.md');
    const program = world.program('test/soak/run.ts', [
      '--minutes',
      '0.6',
      '--chaos-every-s',
      '3',
      '--seed',
      '7',
      '--markdown',
      page,
    ]);
    await program.exited;
    const report = JSON.parse(program.lines.at(-1) ?? 'null') as Record<string, unknown> | null;
    expect(report, program.report()).toMatchObject({ flat: true, wrong: 0, failed_events: [] });
    expect(report?.frames).toBeGreaterThan(50);
    expect(Object.values(report?.events ?? {}).every((times) => times > 0)).toBe(true);
    expect(await readFile(page, 'utf8')).toContain('It stayed flat.');
  }, 120_000);
});
