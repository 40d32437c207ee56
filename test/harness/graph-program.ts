// A runtime as a program of its own, so that tests can kill it: source → Python → sink, lossless, told as JSON lines.
// Usage: node .streamlib/programs/test/harness/graph-program.js PYTHON_FILE [PROCESSOR [PARAMS]]   PARAMS: of the Python node, as JSON

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { debugCounts, Texture, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type ProcessorContext, Runtime } from '@streamlib/runtime';
import { z } from 'zod';

const [, , file, processor, params = '{}'] = process.argv;
const tell = (event: string, more: object = {}) =>
  process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

let sent = 0;
// SIGUSR2 begins, and ends, a time in which the source also wants frames that are too large to be had.
let greedy = false;
let refused = 0;
process.on('SIGUSR2', () => {
  greedy = !greedy;
  if (!greedy) tell('refused', { refused });
});
const tooLarge = (ctx: ProcessorContext) => {
  try {
    const texture = ctx.output('video').texture(8_000, 8_000);
    texture?.close();
    if (texture !== null) return;
  } catch {
    // As good an answer as null.
  }
  refused++;
};
const source = defineProcessor({
  type: 'source',
  inputs: {},
  outputs: { video: VideoFrame },
  config: z.object({}),
  create: () => {
    let over = false;
    let running = Promise.resolve();
    let without = 0;
    const produce = async (ctx: ProcessorContext) => {
      while (!over) {
        if (greedy) tooLarge(ctx);
        const texture = ctx.output('video').texture(320, 240);
        without = texture === null ? without + 1 : 0;
        if (without === 100) tell('exhausted');
        if (texture !== null) {
          texture.bytes.fill(sent & 255);
          await ctx
            .output('video')
            .write({ pixel_buffer: texture, timestamp_ns: ctx.now_ns(), frame_number: BigInt(sent++) });
        }
        // About 200 frames a second: a flow that has frames under way at any moment.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    return {
      start: (ctx) => {
        running = produce(ctx).catch((error: unknown) => {
          tell('source_failed', { message: String(error) });
        });
      },
      stop: () => {
        over = true;
        return running;
      },
    };
  },
});

let received = 0;
let wrong = 0;
let last = -1;
let gaps = 0;
const sink = defineProcessor({
  type: 'sink',
  inputs: { video: { schema: VideoFrame, delivery: 'lossless', queue: 8 } },
  outputs: {},
  config: z.object({}),
  create: () => ({
    process: (_ctx, _port, frame) => {
      const number = Number(frame.frame_number);
      if (number !== last + 1) gaps++;
      last = number;
      if (!(frame.pixel_buffer instanceof Texture)) throw new Error('the frame has no picture');
      const { bytes } = frame.pixel_buffer;
      const expected = 255 - (number & 255);
      if (bytes[0] !== expected || bytes[bytes.length - 1] !== expected) wrong++;
      received++;
      if (received % 20 === 0) tell('frames', { received, sent, wrong, gaps });
    },
  }),
});

// No spare Python process: it comes and goes on its own, and tests count what this graph alone holds.
const runtime = new Runtime({ name: 'graph-program', logLevel: 'debug', spareProcess: false });
runtime.on('node', ({ node, state, message }) =>
  tell('node', { node, state, message, pid: runtime.stats().nodes[node]?.pid ?? null }),
);
runtime.on('log', ({ level, message, processor: of }) => tell('log', { level, message, of }));
runtime
  .add('source', source)
  .add('effect', 'python', {
    file,
    backoff_s: 0.01,
    ...(processor !== undefined && { processor }),
    ...JSON.parse(params),
  })
  .add('sink', sink)
  .connect('source', 'effect', { delivery: 'lossless', queue: 8 })
  .connect('effect', 'sink', { delivery: 'lossless', queue: 8 });
// Memory that JavaScript has looked at goes with a collection; a test that counts it asks for one.
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
process.on('SIGHUP', () => {
  collect();
  setImmediate(() => tell('collected'));
});
process.once('SIGTERM', async () => {
  await runtime.stop();
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  tell('stopped', { stats: runtime.stats(), received, sent, wrong, gaps, held: debugCounts() });
  process.exit(0);
});
await runtime.start();
tell('started', { runtime_id: runtime.stats().runtime_id });
