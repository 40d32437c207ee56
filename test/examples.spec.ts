import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, World } from './harness/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('examples');
});
afterAll(() => world.close());

interface Result {
  readonly frames_in: number;
  readonly frames_out: number;
  readonly dropped: number;
  readonly fps: number;
  readonly latency_ms: { readonly p50: number; readonly p99: number };
  readonly restarts: number;
  readonly errors: number;
}

const folders = readdirSync(join(checkout, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name);
const examples = folders.filter((name) => existsSync(join(checkout, 'examples', name, 'graph.yaml')));

describe('each example', () => {
  it('is here', () => {
    expect(examples).toEqual(
      expect.arrayContaining(['camera-python-display', 'custom-schema', 'face-detector', 'generator']),
    );
  });

  it.each(examples)(
    '%s is valid and runs',
    async (name) => {
      const graph = join('examples', name, 'graph.yaml');
      const validate = world.streamlib('validate', graph);
      expect(await validate.exited, validate.report()).toBe(0);

      const run = world.streamlib('run', graph, '--duration', '4s', '--json', '--set', 'display.port=0');
      expect(await run.exited, run.report()).toBe(0);
      expect(run.lines).toHaveLength(1);
      const result = JSON.parse(run.lines[0] ?? '') as Result;
      // How many depends on the machine; that they come, in order and without errors, does not.
      expect(result.frames_out, run.report()).toBeGreaterThan(0);
      expect(result).toMatchObject({ restarts: 0, errors: 0 });
      expect(result.frames_in).toBeGreaterThanOrEqual(result.frames_out);
      expect(result.fps).toBeGreaterThan(0);
      expect(result.latency_ms.p50).toBeGreaterThan(0);
      expect(result.latency_ms.p99).toBeGreaterThanOrEqual(result.latency_ms.p50);
      expect(result.dropped).toBeGreaterThanOrEqual(0);
    },
    120_000,
  );
});

describe('the example of a Node program', () => {
  it('is the only one without a graph of its own', () => {
    expect(folders.filter((name) => !examples.includes(name))).toEqual(['node-program']);
  });

  it('shows what its Python processor made of the camera, wherever it is started, until Ctrl-C', async () => {
    const program = world.typescript(join(checkout, 'examples/node-program/my.ts'), [], tmpdir());
    const page = await program.line((line) => /page .*(http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1], 60_000);
    await program.line((line) => (line === 'info effect ready' ? true : undefined), 60_000);
    const stats = async () =>
      (await (await fetch(`${page}/stats.json`)).json()) as { readonly frames: number };
    const deadline = performance.now() + 20_000;
    while ((await stats()).frames === 0 && performance.now() < deadline) await pause(50);
    program.kill('SIGINT');
    expect(await program.exited, program.report()).toBe(0);
    expect(program.lines.at(-1)).toMatch(/^stopped: [1-9]\d* frames were shown$/);
  }, 150_000);
});
