import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, collector } from '../../runtime/src/testing/processors.js';
import { openSandbox, type Sandbox } from '../../runtime/src/testing/sandbox.js';
import { checkout } from '../harness/world.js';

const PATIENT = { timeout: 30_000, interval: 5 };
const TURNS = 10;
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

/** The example's effect, told from its other versions by what it writes into the first byte of each picture. */
function version(mark: number): string {
  const file = join(folder, `effect${mark}.py`);
  const code = readFileSync(join(example, 'effect.py'), 'utf8');
  const sets = /^ +ctx\.output\("video_out"\)\.set\(/m;
  expect(code).toMatch(sets);
  writeFileSync(
    file,
    code.replace(sets, (line) => `        out[0, 0] = ${mark}\n${line}`),
  );
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
    'by %s drops at most one frame where it takes over, and none on the other branch',
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
        const [atChange, meanwhile]: [number[], number[]] = [[], []];
        for (let turn = 1; turn <= TURNS; turn++) {
          const from = shown.frames.length - 1;
          await runtime.replaceNode('effect', 'python', {
            file: version(200 + turn),
            kind: 'continuous',
            ...how,
          });
          const at = shown.frames.length;
          await expect.poll(() => shown.frames.length, PATIENT).toBeGreaterThan(at + 10);
          const change = shown.frames.findIndex(({ first }) => first === 200 + turn);
          // One kind of picture, then the other.
          expect(shown.frames.slice(change).filter(({ first }) => first !== 200 + turn)).toEqual([]);
          atChange.push(missing(numbersOf(shown).slice(change - 1, change + 1)).length);
          meanwhile.push(missing(numbersOf(shown).slice(from)).length);
        }
        const lost = `lost where each took over: ${atChange.join(', ')}; from call to ten frames later: ${meanwhile.join(', ')}`;
        expect(Math.max(...atChange), lost).toBeLessThanOrEqual(1);
        // A machine that has more to do loses some by itself, but not every time.
        expect(meanwhile.filter((count) => count > 1).length, lost).toBeLessThan(TURNS / 2);
        expect(missing(numbersOf(untouched))).toEqual([]);
        expect(runtime.stats().nodes.display).toMatchObject({ errors: 0, restarts: 0 });
      } finally {
        await runtime.stop();
      }
    },
    120_000,
  );
});
