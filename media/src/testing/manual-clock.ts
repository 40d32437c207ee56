import type { Clock } from '../camera/pacer.js';

/** A clock that stands still until somebody waits for a time: then it is that time. */
export class ManualClock implements Clock {
  /** What was waited for. */
  readonly waits: bigint[] = [];

  constructor(public time = 1_000_000_000_000n) {}

  now(): bigint {
    return this.time;
  }

  async until(time: bigint): Promise<void> {
    this.waits.push(time);
    if (time > this.time) this.time = time;
  }
}
