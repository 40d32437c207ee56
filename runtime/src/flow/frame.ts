import type { FrameValue } from '@streamlib/processor';
import type { HandleFields } from './handles.js';

/**
 * A frame on its way through the runtime. Counted, not copied: every reader of a port holds one reference, and the last one
 * to let go closes the handles, which gives the memory back to whoever owns it.
 */
export class Frame {
  private references = 1;

  constructor(
    readonly value: FrameValue,
    private readonly handles: HandleFields,
  ) {}

  retain(): this {
    this.references++;
    return this;
  }

  release(): void {
    this.references--;
    if (this.references === 0) this.handles.close(this.value);
    else if (this.references < 0) throw new Error('a frame was released more often than it was held');
  }

  /**
   * The value for a processor of the user's. While others hold the frame too it gets handles of its own, so that one reader
   * that closes a handle takes it from nobody else. Let go of with `takeBack`.
   */
  lend(): FrameValue {
    if (this.references === 1 || this.handles.none) return this.value;
    return this.handles.map(this.value, (handle) => handle.clone());
  }

  /** Ends a loan made by `lend` and releases this reader's reference. */
  takeBack(lent: FrameValue): void {
    if (lent !== this.value) this.handles.close(lent);
    this.release();
  }
}
