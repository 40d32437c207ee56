// From `start()` of a graph with one Python processor until frames may flow, beside the bare interpreter.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { median, round } from '../harness/measure/statistics.js';
import { bench } from '../harness/paths.js';
import { openSandbox } from '../harness/sandbox.js';
import { tell } from './figures.js';
import { watchHandshakes } from './watch-handshakes.js';

const TURNS = 7;
const sandbox = await openSandbox();
const { Runtime, running } = await import('../peers/product/graph.js');
const { defineProcessor } = await import('@streamlib/runtime');
const { VideoFrame } = await import('@streamlib/host-bridge');
const python = join(process.env.STREAMLIB_VENV ?? '', 'bin', 'python');
const source = defineProcessor({
  type: 'silent-source',
  inputs: {},
  outputs: { video: VideoFrame },
  config: z.object({}),
  create: () => ({}),
});

async function timed(work: () => Promise<unknown>) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function graph() {
  const runtime = new Runtime({ name: 'bench', spareProcess: false });
  runtime.add('source', source).add('echo', 'python', { file: join(bench, 'peers', 'product', 'echo.py') });
  runtime.connect('source.video', 'echo.video_in');
  const ready = running(runtime, 'echo');
  const took = await timed(async () => {
    await runtime.start();
    await ready;
  });
  const inside = runtime.stats().nodes.echo?.metrics.ready_ms ?? Number.NaN;
  await runtime.stop();
  return { took, inside };
}

const times: { whole: number[]; ready: number[]; bare: number[]; numpy: number[] } = {
  whole: [],
  ready: [],
  bare: [],
  numpy: [],
};
// The first one also starts the broker.
const first = await graph();
const watched = watchHandshakes();
for (let turn = 0; turn < TURNS; turn++) {
  const { took, inside } = await graph();
  times.whole.push(took);
  times.ready.push(inside);
  times.bare.push(await timed(() => once(spawn(python, ['-c', 'pass']), 'exit')));
  times.numpy.push(await timed(() => once(spawn(python, ['-c', 'import numpy']), 'exit')));
}
const say = (name: string, ms: number) =>
  tell({ name, value: round(ms), unit: 'ms', note: `median of ${TURNS}` });
say('start() until the processor is ready', median(times.whole));
say('of it from allocating the connection until ready, with the interpreter', median(times.ready));
const { host, client } = watched.end();
say("the handshake's own part of that: the host's steps until its endpoint is there", median(host));
say("and the client's, from its first word until ready", median(client));
say('python -c pass', median(times.bare));
say('python -c "import numpy"', median(times.numpy));
tell({ name: 'the first start(), with the broker', value: round(first.took), unit: 'ms' });
await sandbox.close();
process.exit(0);
