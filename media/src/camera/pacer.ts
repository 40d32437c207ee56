/** A machine's time, as a source needs it; tests pass their own. */
export interface Clock {
  now(): bigint;
  /** Settles at that time, or when the signal aborts. */
  until(time: bigint, signal: AbortSignal): Promise<void>;
}

/** A source that is further behind than this goes on from now; it does not race through what it missed. */
export const MAX_BEHIND_NS = 1_000_000_000n;

/**
 * When a frame is due, from its timestamp in the source. Each is reckoned from the same beginning, so that the waits' small
 * errors don't add up.
 */
export class Pacer {
  private origin: bigint | null = null;

  due(timestamp: bigint, now: bigint): bigint {
    this.origin ??= now - timestamp;
    const due = this.origin + timestamp;
    if (now - due <= MAX_BEHIND_NS) return due;
    this.origin = now - timestamp;
    return now;
  }
}
