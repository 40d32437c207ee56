import type { Texture } from '@streamlib/host-bridge';
import type { Size } from './config.js';

/** Where a camera's pictures come from. */
export interface PictureSource {
  /** Takes the next picture; null when there are no more. Not called again before its promise has settled. */
  next(signal: AbortSignal): Promise<SourcePicture | null>;
  /** Lets go of everything. Not while a `next()` or `draw()` is under way. */
  close(): Promise<void>;
  /** Ends a `next()` that waits. */
  interrupt(): void;
}

export interface SourcePicture {
  /** When it is due, on the time of `mediaTime`; null for a live source, whose pictures are due when they come. */
  readonly timestamp: bigint | null;
  /** Nanoseconds on the source's own, endless time, also for a live one. */
  readonly mediaTime: bigint;
  readonly size: Size;
  /** Draws it, scaled to the target's size. Before the next call of `next()`. */
  draw(target: Texture): Promise<void>;
}
