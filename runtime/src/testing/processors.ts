import { Texture, VideoFrame } from '@streamlib/host-bridge';
import type { FrameValue, ProcessorContext, ProcessorDefinition } from '@streamlib/processor';
import { defineProcessor } from '@streamlib/processor';
import { z } from 'zod';

export const WIDTH = 16;
export const HEIGHT = 8;

export interface Pattern {
  readonly definition: ProcessorDefinition;
  /** Sends frame `n`, whose bytes are all `n & 255`; false when it was dropped. */
  send(n: number): boolean;
  write(n: number): Promise<void>;
  finish(): void;
  readonly context: ProcessorContext;
}

/** A source that the test drives by hand. */
export function pattern(type = 'pattern'): Pattern {
  let context: ProcessorContext | null = null;
  const ctx = (): ProcessorContext => {
    if (context === null) throw new Error('the source has not been set up');
    return context;
  };
  const frame = (n: number): FrameValue | null => {
    const texture = ctx().output('video').texture(WIDTH, HEIGHT);
    if (texture === null) return null;
    texture.bytes.fill(n & 255);
    return { pixel_buffer: texture, timestamp_ns: ctx().now_ns(), frame_number: BigInt(n) };
  };
  return {
    definition: defineProcessor({
      type,
      inputs: {},
      outputs: { video: VideoFrame },
      config: z.object({}),
      create: () => ({
        setup: (given) => {
          context = given;
        },
      }),
    }),
    send: (n) => {
      const value = frame(n);
      return value !== null && ctx().output('video').set(value);
    },
    write: async (n) => {
      const value = frame(n);
      if (value === null) throw new Error('the pool is exhausted');
      await ctx().output('video').write(value);
    },
    finish: () => ctx().finish(),
    get context() {
      return ctx();
    },
  };
}

export interface Collected {
  readonly number: number;
  readonly first: number;
  readonly last: number;
  readonly timestamp: bigint;
}

export interface Collector {
  readonly definition: ProcessorDefinition;
  readonly frames: Collected[];
  /** What each frame waits for before the next one is taken. */
  gate: () => Promise<void> | undefined;
}

/** A sink that keeps what it saw of each frame. */
export function collector(
  type = 'collector',
  delivery: 'latest' | 'every_sample' | 'lossless' = 'every_sample',
): Collector {
  const frames: Collected[] = [];
  const self: Collector = {
    frames,
    gate: () => undefined,
    definition: defineProcessor({
      type,
      inputs: { video: { schema: VideoFrame, delivery, queue: 8 } },
      outputs: {},
      config: z.object({}),
      create: () => ({
        process: (_ctx, _port, frame) => {
          const texture = frame.pixel_buffer;
          if (!(texture instanceof Texture)) throw new Error('no texture');
          const { bytes } = texture;
          frames.push({
            number: Number(frame.frame_number),
            first: bytes[0] ?? -1,
            last: bytes[bytes.length - 1] ?? -1,
            timestamp: frame.timestamp_ns as bigint,
          });
          return self.gate();
        },
      }),
    }),
  };
  return self;
}
