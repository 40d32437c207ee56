import type { Delivery } from '@streamlib/processor';
import { expect } from 'vitest';
import { type Collector, collector, type Pattern, pattern } from './processors.js';
import { pythonFile, type Watched } from './world.js';

export interface PipelineOptions {
  /** Of the node in the middle; "effect" if not told. */
  readonly name?: string;
  /** How the collector takes what comes; by default as `collector()` does. */
  readonly collects?: Delivery;
  readonly before?: { readonly delivery: Delivery; readonly queue?: number };
  readonly after?: { readonly delivery: Delivery; readonly queue?: number };
}

/** pattern → a Python node → collector, started; the Python node may not run yet. */
export async function startPipeline(
  world: Watched,
  params: Readonly<Record<string, unknown>>,
  { name = 'effect', collects, before, after }: PipelineOptions = {},
): Promise<{ readonly source: Pattern; readonly sink: Collector }> {
  const source = pattern();
  const sink = collector('sink', collects);
  world.runtime
    .add('source', source.definition)
    .add(name, 'python', params)
    .add('sink', sink.definition)
    .connect('source', name, before)
    .connect(name, 'sink', after);
  await world.runtime.start();
  return { source, sink };
}

/** A hundred frames through a pipeline whose guest in a sandbox forwards them: what comes out is what went in. */
export async function handsOnFrames(world: Watched): Promise<void> {
  const guest = { file: pythonFile('faults.py'), processor: 'Forward', sandbox: true };
  const { source, sink } = await startPipeline(world, guest, { name: 'guest' });
  await world.reaches('guest', 'running');
  for (let n = 0; n < 100; n++) {
    expect(source.send(n)).toBe(true);
    await expect.poll(() => sink.frames.length, { interval: 1 }).toBe(n + 1);
  }
  // Through a pool of sixteen slots; Python has none of its own, so each came back.
  expect(sink.frames.at(-1)).toMatchObject({ number: 99, first: 99, last: 99 });
  expect(world.runtime.stats().dropped).toBe(0);
}
