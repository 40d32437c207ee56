import { execFileSync } from 'node:child_process';
import { Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collector, pattern } from '../../runtime/src/testing/processors.js';
import { openSandbox, type Sandbox } from '../../runtime/src/testing/sandbox.js';
import { pythonFile } from '../../runtime/src/testing/world.js';

const ROUNDS = 5;
/** How much longer than an interpreter that imports numpy. */
const MOST = 1.3;

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

describe('adding a processor to a graph that runs, in an environment that is there', () => {
  it.each([
    ['own code', {}],
    ['code from outside, in the sandbox', { sandbox: true }],
  ])(
    '%s: its first frame is out within 1.3 × the time of `python -c "import numpy"`',
    async (_, how) => {
      const python = `${process.env.STREAMLIB_VENV}/bin/python`;
      const source = pattern();
      const sink = collector('sink');
      const runtime = new Runtime({ name: 'add', live: true, logLevel: 'debug' });
      let warmed = 0;
      let hear = () => {};
      runtime.on('log', ({ message }) => {
        if (message !== 'spare Python process: warm') return;
        warmed++;
        hear();
      });
      const warm = (count: number) =>
        new Promise<void>((resolve) => {
          hear = () => {
            if (warmed >= count) resolve();
          };
          hear();
        });
      runtime.add('source', source.definition).add('sink', sink.definition);
      await runtime.start();
      const effect = { file: pythonFile('invert.py'), ...how };
      const [added, plain]: [number[], number[]] = [[], []];
      try {
        for (let round = 0; round <= ROUNDS; round++) {
          const [before, seen] = [warmed, sink.frames.length];
          let from = performance.now();
          execFileSync(python, ['-c', 'import numpy']);
          plain.push(performance.now() - from);
          from = performance.now();
          await runtime.addNode('effect', 'python', effect);
          await runtime.connectPorts('effect', 'sink');
          await runtime.connectPorts('source', 'effect');
          source.send(round);
          await expect.poll(() => sink.frames.length, { interval: 1 }).toBeGreaterThan(seen);
          added.push(performance.now() - from);
          await runtime.removeNode('effect');
          await warm(before + 1);
        }
        // The first round makes what the others find: a spare process, and what the file declares.
        const [ours, theirs] = [median(added.slice(1)), median(plain.slice(1))];
        expect(ours / theirs, `${ours.toFixed(0)} ms beside ${theirs.toFixed(0)} ms`).toBeLessThan(MOST);
      } finally {
        await runtime.stop();
      }
    },
    120_000,
  );
});
