/** Behind by less, a source catches up: a moment in which the machine had other work loses nothing. */
export const PATIENCE_NS = 200_000_000n;
/** One that was further behind than that is slower than its rate: for a while, it is to be on time. */
const STRICT_NS = 10_000_000n;
const STRICT_FOR_NS = 1_000_000_000n;
/** Something is always shown, however slow the source is. */
const LEAST_EVERY_NS = 100_000_000n;

/** Decides which pictures of a source that cannot keep its rate are left out. Not those that its readers hold up. */
export class Lateness {
  private strictUntil = 0n;
  private lastSent: bigint | null = null;
  /** So much of the delay is the readers' doing. */
  private heldUp = 0n;

  isTooLate(due: bigint, now: bigint): boolean {
    const behind = now - due;
    if (behind <= 0n) this.heldUp = 0n;
    const patience = now < this.strictUntil ? STRICT_NS : PATIENCE_NS;
    if (behind - this.heldUp <= patience) return false;
    if (this.lastSent === null || now - this.lastSent > LEAST_EVERY_NS) return false;
    this.strictUntil = now + STRICT_FOR_NS;
    return true;
  }

  /** `waited`: how long the readers let the source wait before they took the picture. */
  sent(now: bigint, waited: bigint): void {
    this.lastSent = now;
    this.heldUp += waited;
  }
}
