// The workload as a graph: a source and a sink in TypeScript, a Python processor between them.

import { Texture, VideoFrame } from '@streamlib/host-bridge';
import type { OutputHandle } from '@streamlib/runtime';
import { defineProcessor, Runtime } from '@streamlib/runtime';
import { z } from 'zod';
import { touchRead, touchWrite } from '../../harness/measure/touches.js';
import { shapeOf } from './shapes.js';

export function makeEnds(bytes: number, onReply: (sum: number) => void) {
  const [width, height, format] = shapeOf(bytes);
  let output: OutputHandle | null = null;
  let now_ns = () => 0n;
  let number = 0n;
  const source = defineProcessor({
    type: 'bench-source',
    inputs: {},
    outputs: { video: VideoFrame },
    config: z.object({}),
    create: () => ({
      setup: (context) => {
        output = context.output('video');
        now_ns = context.now_ns;
      },
    }),
  });
  const sink = defineProcessor({
    type: 'bench-sink',
    inputs: { video: { schema: VideoFrame, delivery: 'every_sample', queue: 8 } },
    outputs: {},
    config: z.object({}),
    create: () => ({
      process: (_context, _port, frame) => {
        const texture = frame.pixel_buffer;
        if (!(texture instanceof Texture)) throw new Error('the sink got no picture');
        const sum = touchRead(texture.bytes);
        // The reply is in when the sink is done with the frame; only then does the next one leave.
        queueMicrotask(() => onReply(sum));
      },
    }),
  });
  const send = (value: number) => {
    const texture = output?.texture(width, height, format) ?? null;
    if (output === null || texture === null) throw new Error('the source has no free slot: a frame was lost');
    touchWrite(texture.bytes, value);
    if (!output.set({ pixel_buffer: texture, timestamp_ns: now_ns(), frame_number: number++ })) {
      throw new Error('the source could not send: a frame was lost');
    }
  };
  return { source, sink, send };
}

/** Settles when a node runs; rejects when it cannot. */
export function running(runtime: Runtime, node: string) {
  return new Promise((resolve, reject) => {
    runtime.on('node', (event) => {
      if (event.node !== node) return;
      if (event.state === 'running') resolve(event);
      else if (event.state === 'failed') reject(new Error(event.message));
    });
  });
}

export { Runtime };
