import { BridgeError, type FramePool, type SharedBuffer, type Texture } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';

/**
 * Frames to write into. What the system refuses for now (memory, descriptors) is as though every slot were in use: the frame is
 * dropped, and the next may be had. `log` is told once for each streak of refusals.
 */
export class Loans {
  private refused = false;

  constructor(
    private readonly pool: () => Pick<FramePool, 'texture' | 'buffer'>,
    private readonly log: Logger,
    /** Makes the pool larger, as readers have come that keep more. False: it is as large as it may be. */
    readonly grow: () => boolean = () => false,
  ) {}

  texture(...args: Parameters<FramePool['texture']>): Texture | null {
    return this.unlessRefused(() => this.pool().texture(...args));
  }

  buffer(byteLength: number): SharedBuffer | null {
    return this.unlessRefused(() => this.pool().buffer(byteLength));
  }

  private unlessRefused<H>(get: () => H | null): H | null {
    try {
      const handle = get();
      this.refused = false;
      return handle;
    } catch (error) {
      if (!(error instanceof BridgeError && error.code === 'io')) throw error;
      if (!this.refused)
        this.log.warn(
          `the system gives no memory for a frame, which is dropped (raise its limits, or close what takes them): ${error.message}`,
        );
      this.refused = true;
      return null;
    }
  }
}
