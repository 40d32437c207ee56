// A graph whose only slow part is the start of Python: a source that goes on and on, the processor, a sink that tells the first frame.
import { join } from 'node:path';
import { VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type LogLevel, Runtime } from '@streamlib/runtime';
import { z } from 'zod';
import { root } from '../../scripts/lib/root.js';

export const plain = join(root, 'bench/startup/plain.py');

/** Tells each frame with the number that it was given. */
export const sinkOf = (index: number, onFrame: (index: number) => void) =>
  defineProcessor({
    type: `first-${index}`,
    inputs: { video: VideoFrame },
    outputs: {},
    config: z.object({}),
    create: () => ({ process: () => onFrame(index) }),
  });

export interface StartOptions {
  readonly count?: number;
  readonly spareProcess?: boolean;
  readonly logLevel?: LogLevel;
  readonly everyMs?: number;
  /** Of each Python node, besides what it has. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly live?: boolean;
  onFrame?(index: number): void;
}

/** Starts `count` processors side by side; tells what comes out of which. */
export async function startGraph({
  count = 1,
  spareProcess = true,
  logLevel = 'warn',
  everyMs = 1,
  params = {},
  live = false,
  onFrame = () => {},
}: StartOptions = {}): Promise<{ readonly runtime: Runtime; readonly began: number }> {
  let timer: NodeJS.Timeout | undefined;
  const source = defineProcessor({
    type: 'ticks',
    inputs: {},
    outputs: { video: VideoFrame },
    config: z.object({}),
    create: () => ({
      start: (ctx) => {
        let n = 0;
        timer = setInterval(() => {
          const texture = ctx.output('video').texture(16, 8);
          if (texture === null) return;
          ctx
            .output('video')
            .set({ pixel_buffer: texture, timestamp_ns: ctx.now_ns(), frame_number: BigInt(n++) });
        }, everyMs);
      },
      stop: () => clearInterval(timer),
    }),
  });
  const began = performance.now();
  const runtime = new Runtime({ name: 'startup', logLevel, spareProcess, live });
  runtime.add('source', source);
  for (let index = 0; index < count; index++) {
    runtime
      .add(`python-${index}`, 'python', {
        file: plain,
        backoff_s: 0.001,
        backoff_cap_s: 0.001,
        max_restarts: 1000,
        ...params,
      })
      .add(`sink-${index}`, sinkOf(index, onFrame))
      .connect('source', `python-${index}.video_in`)
      .connect(`python-${index}`, `sink-${index}`);
  }
  await runtime.start();
  return { runtime, began };
}
