import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, collector } from '../../runtime/src/testing/processors.js';
import { openSandbox, type Sandbox } from '../../runtime/src/testing/sandbox.js';
import { checkout } from '../harness/world.js';

const PATIENT = { timeout: 30_000, interval: 5 };
const example = join(checkout, 'examples/camera-python-display');

let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
  folder = mkdtempSync(join(tmpdir(), 'streamlib-replace-'));
}, 120_000);
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The example's effect, told from its other versions by the period of its line. */
function version(period: number): string {
  const file = join(folder, `effect${period}.py`);
  const code = readFileSync(join(example, 'effect.py'), 'utf8');
  writeFileSync(file, code.replace('PERIOD_S = 8', `PERIOD_S = ${period}`));
  return file;
}

/** Numbers that are missing between the first and the last of these. */
function missing(numbers: readonly number[]): number[] {
  const seen = new Set(numbers);
  const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
  return Array.from({ length: last - first + 1 }, (_, n) => first + n).filter((n) => !seen.has(n));
}

const numbersOf = (sink: Collector) => sink.frames.map(({ number }) => number);

describe('replacing the effect of camera-python-display at 30 frames a second', () => {
  it.each([
    ['its own code', {}],
    ['code from outside, in the sandbox', { sandbox: true }],
  ])(
    'by %s costs the display at most one frame each time, and the other branch none',
    async (_, how) => {
      const runtime = await Runtime.fromManifest(join(example, 'graph.yaml'), {
        live: true,
        overrides: ['camera.source=test-pattern', 'camera.width=640', 'camera.height=360', 'display.port=0'],
      });
      // Beside the display, with all that comes to it; and beside the effect, with all that it is given.
      const shown = collector('shown', 'every_sample');
      const untouched = collector('untouched', 'lossless');
      runtime.register(shown.definition).register(untouched.definition);
      runtime
        .add('shown', 'shown')
        .add('untouched', 'untouched')
        .connect('effect.video_out', 'shown', { delivery: 'every_sample', queue: 64 })
        .connect('camera.video', 'untouched', { delivery: 'lossless', queue: 64 });
      await runtime.start();
      try {
        await expect.poll(() => shown.frames.length, PATIENT).toBeGreaterThan(30);
        const lost: number[] = [];
        for (let turn = 1; turn <= 10; turn++) {
          const from = shown.frames.length - 1;
          await runtime.replaceNode('effect', 'python', {
            file: version(8 + turn),
            kind: 'continuous',
            ...how,
          });
          const at = shown.frames.length;
          await expect.poll(() => shown.frames.length, PATIENT).toBeGreaterThan(at + 10);
          lost.push(missing(numbersOf(shown).slice(from)).length);
        }
        expect(Math.max(...lost), `lost by each replacement: ${lost.join(', ')}`).toBeLessThanOrEqual(1);
        expect(missing(numbersOf(untouched))).toEqual([]);
        expect(runtime.stats().nodes.display).toMatchObject({ errors: 0, restarts: 0 });
      } finally {
        await runtime.stop();
      }
    },
    120_000,
  );
});
