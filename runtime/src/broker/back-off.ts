import { setTimeout as pause } from 'node:timers/promises';

/** Pauses that double up to a cap, each between half and the whole of its length. */
export class BackOff {
  private failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly capMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  next(): number {
    const whole = Math.min(this.capMs, this.firstMs * 2 ** Math.min(this.failures, 30));
    this.failures++;
    return Math.round(whole * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.failures = 0;
  }

  /** Rejects when the signal aborts. `holds`: somebody waits for what comes after, so the process must not end meanwhile. */
  async wait(signal: AbortSignal, holds = false): Promise<void> {
    await pause(this.next(), undefined, { signal, ref: holds });
  }
}
