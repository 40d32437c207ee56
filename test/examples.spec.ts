import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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

const examples = readdirSync(join(checkout, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => name);

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
