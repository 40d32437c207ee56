import { VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type ProcessorContext, type ProcessorDefinition } from '@streamlib/processor';
import { z } from 'zod';
import { drawTestPattern } from '../camera/test-pattern.js';

export interface PatternByHand {
  readonly definition: ProcessorDefinition;
  readonly lastTimestamp: bigint;
  /** Sends frame `n` of the test pattern; settles when a reader that is not busy has taken it. */
  send(
    n: number,
    timestamp?: bigint,
    size?: { readonly width: number; readonly height: number },
  ): Promise<void>;
  /** As `send()`, but waits for a reader that is full. */
  write(
    n: number,
    timestamp?: bigint,
    size?: { readonly width: number; readonly height: number },
  ): Promise<void>;
}

/** A source that the test drives. */
export function pattern(width: number, height: number): PatternByHand {
  let context: ProcessorContext | null = null;
  let lastTimestamp = 0n;
  const ctx = () => {
    if (context === null) throw new Error('the source has not been set up');
    return context;
  };
  const make = (n: number, timestamp = ctx().now_ns(), size = { width, height }) => {
    const texture = ctx().output('video').texture(size.width, size.height);
    if (texture === null) throw new Error('no free frame');
    drawTestPattern(texture, n);
    lastTimestamp = timestamp;
    return { pixel_buffer: texture, timestamp_ns: timestamp, frame_number: BigInt(n) };
  };
  return {
    definition: defineProcessor({
      type: 'pattern',
      inputs: {},
      outputs: { video: VideoFrame },
      config: z.object({}),
      create: () => ({
        setup: (given) => {
          context = given;
        },
      }),
    }),
    get lastTimestamp() {
      return lastTimestamp;
    },
    send: async (...what) => {
      const frame = make(...what);
      ctx().output('video').set(frame);
      await new Promise((resolve) => setImmediate(resolve));
    },
    write: async (...what) => {
      const frame = make(...what);
      await ctx().output('video').write(frame);
    },
  };
}
