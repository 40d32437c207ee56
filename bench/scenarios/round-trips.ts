// A graph that begins with one source and ends in one or several sinks, and the times of frames through it.
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pages } from '../harness/measure/workload.js';
import { bench } from '../harness/paths.js';
import { makeEnds, Runtime, running } from '../peers/product/graph.js';

export const FRAME = 6_220_800;
/** Longer than a frame is on its way through the longest chain. */
const LINK_MS = 200;
const WARM = 200;
const FRAMES = 600;
const echo = join(bench, 'peers', 'product', 'echo.py');

/** Sends frame after frame, the next one when every sink has the one before. `stages`: Python processors behind one another. `branches`: such chains beside one another. */
export async function roundTrips(stages: number, branches: number) {
  let complete: (() => void) | null = null;
  let missing = 0;
  let expected = 0;
  const { source, sink, send } = makeEnds(FRAME, (sum) => {
    if (sum !== expected) throw new Error(`a frame came back with the sum ${sum}, not ${expected}`);
    if (--missing <= 0) complete?.();
  });
  const runtime = new Runtime({ name: 'bench', spareProcess: false });
  runtime.add('source', source);
  const ready: Promise<unknown>[] = [];
  for (let branch = 0; branch < branches; branch++) {
    let from = 'source.video';
    for (let stage = 0; stage < stages; stage++) {
      const id = `echo-${branch}-${stage}`;
      runtime.add(id, 'python', { file: echo }).connect(from, `${id}.video_in`);
      ready.push(running(runtime, id));
      from = `${id}.video_out`;
    }
    runtime.add(`sink-${branch}`, sink).connect(from, `sink-${branch}.video`);
  }
  await runtime.start();
  await Promise.all(ready);
  // Processors that run may still be making their links to one another; what comes before is dropped and counted.
  for (let through = false; !through; ) {
    expected = stages * pages(FRAME);
    missing = branches;
    const arrived = new Promise<boolean>((resolve) => {
      complete = () => resolve(true);
    });
    send(0);
    through = await Promise.race([arrived, setTimeout(LINK_MS, false)]);
  }
  // Whatever of these is still on its way.
  await setTimeout(LINK_MS);
  const times: number[] = [];
  const sending: number[] = [];
  for (let count = 0; count < WARM + FRAMES; count++) {
    const value = count & 127;
    expected = (value + stages) * pages(FRAME);
    missing = branches;
    const began = performance.now();
    await new Promise((resolve) => {
      complete = () => resolve(undefined);
      send(value);
      sending.push(performance.now() - began);
    });
    times.push(performance.now() - began);
  }
  await runtime.stop();
  return { times: times.slice(WARM), sending: sending.slice(WARM) };
}
