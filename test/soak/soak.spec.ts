import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, World } from '../harness/world.js';
import { judge } from './judge.mjs';

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
  it('does not when there is too little to judge', () => {
    expect(judge([flat]).flat).toBe(false);
  });
});

describe('a long run, shortened', () => {
  it('is flat in memory, descriptors and latency, while its Python process is killed again and again', async () => {
    const program = world.node(join(checkout, 'test/soak/run.mjs'), [
      '--minutes',
      '0.6',
      '--kill-every-s',
      '4',
    ]);
    await program.exited;
    const report = JSON.parse(program.lines.at(-1) ?? 'null') as Record<string, unknown> | null;
    expect(report, program.report()).toMatchObject({ flat: true, wrong: 0 });
    expect(report?.frames).toBeGreaterThan(50);
    expect(report?.restarts).toBeGreaterThanOrEqual(3);
  }, 120_000);
});
