import { rmSync } from 'node:fs';
import type { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collector, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { expectNothingLeft, held, pythonFile, type Watched, watched } from '../testing/world.js';

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;

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

const stats = (id: string) => {
  const found = world.runtime.stats().nodes[id];
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
};

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('a chain of Python processors', () => {
  it('of eight stages hands every frame on in order, and not through the runtime', async () => {
    const source = pattern();
    const sink = collector('collector', 'lossless');
    const { runtime } = world;
    runtime.add('source', source.definition).add('sink', sink.definition);
    const stages = numbers(8).map((n) => `stage${n}`);
    for (const id of stages)
      runtime.add(id, 'python', { file: pythonFile('chain.py'), processor: 'add_one' });
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
      expect(inputs.video_in).toMatchObject({ frames: 300, direct: at === 0 ? 0 : 300, dropped: 0 });
      expect(outputs.video_out).toMatchObject({ frames: 300, direct: at === 7 ? 0 : 300, dropped: 0 });
      expect(stats(id).latency_ms?.count).toBe(300);
    }
    expect(runtime.stats()).toMatchObject({ frames_in: 300, frames_out: 300, dropped: 0 });
  }, 60_000);
});
