import { Texture, VideoFrame } from '@streamlib/host-bridge';
import { type Delivery, defineProcessor, type ProcessorDefinition } from '@streamlib/processor';
import { z } from 'zod';
import { keep, type Pixels } from './pictures.js';

export interface Seen extends Pixels {
  readonly timestamp: bigint;
  readonly number: bigint;
  readonly mediaTime: bigint | null;
}

/** The end of a graph: keeps copies of what it was given, and tells those who wait for them. */
export class Sink {
  readonly frames: Seen[] = [];
  /** What each frame waits for before the next is taken. */
  gate: (() => Promise<void>) | null = null;
  private readonly waiting: { count: number; resolve: () => void }[] = [];

  constructor(private readonly delivery: Delivery = 'lossless') {}

  get definition(): ProcessorDefinition {
    return defineProcessor({
      type: 'sink',
      inputs: { video: { schema: VideoFrame, delivery: this.delivery, queue: 4 } },
      outputs: {},
      config: z.object({}),
      create: () => ({
        process: async (_ctx, _port, frame) => {
          const { pixel_buffer: texture, timestamp_ns: timestamp, frame_number: number } = frame;
          if (!(texture instanceof Texture) || typeof timestamp !== 'bigint' || typeof number !== 'bigint')
            throw new Error('not a VideoFrame');
          const { media_time: media } = frame;
          const mediaTime = typeof media === 'bigint' ? media : null;
          this.frames.push({ ...keep(texture), timestamp, number, mediaTime });
          for (const { count, resolve } of this.waiting) if (this.frames.length >= count) resolve();
          await this.gate?.();
        },
      }),
    });
  }

  async count(count: number): Promise<void> {
    if (this.frames.length >= count) return;
    await new Promise<void>((resolve) => this.waiting.push({ count, resolve }));
  }
}
