import type { BridgeLimits } from './types.js';
import { HangWatch } from './watch.js';

const LOOK_MS = 1000;

export interface HangReports {
  /** It is suspicious, and may recover. */
  warn(reason: string): void;
  /** It has to be ended. Called at each look, until `stop()`. */
  hangs(reason: string): void;
}

/** Runs a `HangWatch` against the clock, from its making until `stop()`. Owns one timer. */
export class HangMonitor {
  private readonly watch: HangWatch;
  private readonly timer: NodeJS.Timeout;

  constructor(limits: BridgeLimits, reports: HangReports) {
    const watch = new HangWatch(limits, performance.now());
    this.watch = watch;
    let due = performance.now() + LOOK_MS;
    this.timer = setInterval(() => {
      const now = performance.now();
      const late = now - due;
      due = now + LOOK_MS;
      if (late > LOOK_MS) watch.forgive(now);
      const verdict = watch.check(now);
      if (verdict.act === 'warn') reports.warn(verdict.reason);
      else if (verdict.act === 'kill') reports.hangs(verdict.reason);
    }, LOOK_MS);
  }

  /** `busyMs`: for how long one call of the user's code has been running; null while none is. */
  heartbeat(busyMs: number | null): void {
    this.watch.heartbeat(performance.now(), busyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
