/** Ticks of the videos that are written: fine enough for any frame rate, and what MPEG has always used. */
export const TICKS_PER_SECOND = 90_000;

const SECOND_NS = 1_000_000_000n;
/** What sets apart two frames whose timestamps don't: a millisecond. */
const LEAST_TICKS = BigInt(TICKS_PER_SECOND / 1000);

/** Turns the frames' timestamps into those of a video, which begin at 0 and always grow. */
export class Timeline {
  /** Frames whose timestamp was not after the one before. */
  disordered = 0;
  private origin: bigint | null = null;
  private last = -LEAST_TICKS;
  private nextNs = 0n;

  constructor(private readonly fps?: number) {}

  /** The frame's place in ticks; null when it is one more than `fps` wants. */
  place(timestampNs: bigint): bigint | null {
    this.origin ??= timestampNs;
    const sinceNs = timestampNs - this.origin;
    if (this.isTooSoon(sinceNs)) return null;
    // To the nearest: times in nanoseconds have been cut off already.
    let ticks = (sinceNs * BigInt(TICKS_PER_SECOND) + SECOND_NS / 2n) / SECOND_NS;
    if (ticks <= this.last) {
      this.disordered++;
      ticks = this.last + LEAST_TICKS;
    }
    this.last = ticks;
    return ticks;
  }

  private isTooSoon(sinceNs: bigint): boolean {
    if (this.fps === undefined) return false;
    const interval = BigInt(Math.round(1e9 / this.fps));
    // A tenth of grace: a live source's timestamps waver.
    if (sinceNs + interval / 10n < this.nextNs) return true;
    this.nextNs = sinceNs - this.nextNs > interval ? sinceNs + interval : this.nextNs + interval;
    return false;
  }
}
