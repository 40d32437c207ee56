import { Ring } from './ring.js';

/**
 * How many frames of one port may be on their way to a peer: `sent − acked ≤ size`.
 * The peer acknowledges a frame when it has finished with it, so the window bounds what it holds of ours.
 */
export class SendWindow {
  private readonly inFlight: Ring<number>;
  private newest = -1;

  constructor(readonly size: number) {
    this.inFlight = new Ring(size);
  }

  get open(): boolean {
    return this.inFlight.size < this.size;
  }

  get outstanding(): number {
    return this.inFlight.size;
  }

  sent(frameId: number): void {
    this.inFlight.push(frameId);
    this.newest = frameId;
  }

  /**
   * The peer has finished with all frames up to this one: acknowledgements that travel together are told as the last of them.
   * False for a frame that is not in flight: a peer cannot open the window by acknowledging what it was never sent.
   */
  acked(frameId: number): boolean {
    const oldest = this.inFlight.peek();
    if (oldest === undefined || frameId < oldest || frameId > this.newest) return false;
    for (let id: number | undefined = oldest; id !== undefined && id <= frameId; id = this.inFlight.peek()) {
      this.inFlight.shift();
    }
    return true;
  }
}
