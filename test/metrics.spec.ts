import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { World } from './harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('metrics');
});
afterEach(() => world.close());

interface Top {
  readonly runtimes: readonly {
    readonly name: string;
    readonly nodes: readonly {
      readonly node: string;
      readonly outRate: number;
      readonly p95: number | null;
      readonly cpu: number | null;
      readonly memory: number | null;
      readonly pid: number | null;
    }[];
  }[];
}

it('a graph that runs with --metrics tells Prometheus and `streamlib top` the same, and stops telling', async () => {
  const graph = join('examples', 'camera-python-display', 'graph.yaml');
  const run = world.streamlib('run', graph, '--metrics', '0', '--set', 'display.port=0');
  const url = await run.error((line) => /^Metrics are at (\S+)$/.exec(line)?.[1]);
  const framesOut = async () => {
    const text = await (await fetch(url)).text();
    return Number(/^streamlib_frames_out_total\{node="effect",port="\w+"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  await expect.poll(framesOut, { timeout: 30_000 }).toBeGreaterThan(10);
  const text = await (await fetch(url)).text();
  for (const name of [
    'frames_in_total',
    'queue_frames',
    'frame_age_quantile_seconds',
    'node_restarts_total',
    'process_leases',
    'frame_age_seconds_bucket',
    'process_cpu_seconds_total',
    'process_resident_bytes',
    'leases',
  ])
    expect(text).toContain(`\nstreamlib_${name}`);

  const top = world.streamlib('top', '--json', '-n', '2', '--interval', '500ms');
  expect(await top.exited).toBe(0);
  const [, second = ''] = top.lines;
  const { runtimes } = JSON.parse(second) as Top;
  expect(runtimes).toHaveLength(1);
  const effect = runtimes[0]?.nodes.find(({ node }) => node === 'effect');
  expect(effect?.outRate).toBeGreaterThan(0);
  expect(effect?.p95).toBeGreaterThan(0);
  expect(effect?.cpu).toBeGreaterThan(0);
  expect(effect?.memory).toBeGreaterThan(1e6);
  expect(text).toContain(`streamlib_process_resident_bytes{node="effect",pid="${effect?.pid}"}`);

  run.kill('SIGINT');
  expect(await run.exited).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
  const nothing = world.streamlib('top');
  expect(await nothing.exited).toBe(0);
  expect(nothing.lines.join('\n')).toContain('No runtimes');
}, 90_000);

it('a graph without metrics opens no port; `streamlib top` shows its processes, and how to see more', async () => {
  const graph = world.graph('invert.py');
  await graph.event('frames');
  const top = world.streamlib('top');
  expect(await top.exited).toBe(0);
  expect(top.lines.join('\n')).toMatch(/^graph-program .* run it with --metrics to see its frames$/m);
  expect(top.lines.join('\n')).toContain('effect');
});
