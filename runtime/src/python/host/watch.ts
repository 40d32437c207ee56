import type { BridgeLimits } from './types.js';

export type WatchVerdict =
  | { readonly act: 'nothing' }
  | { readonly act: 'warn' | 'kill'; readonly reason: string };

const NOTHING: WatchVerdict = { act: 'nothing' };

/**
 * Judges from heartbeats whether a subprocess still lives and moves. Pure: `now` in milliseconds is passed in.
 * Heartbeats come from a thread of their own, so silence means a stopped process, not a busy one.
 */
export class HangWatch {
  private lastHeartbeat: number;
  private busySince: number | null = null;
  private warned: 'silent' | 'busy' | null = null;

  constructor(
    private readonly limits: BridgeLimits,
    now: number,
  ) {
    this.lastHeartbeat = now;
  }

  /** `busyMs`: for how long one call of the user's code has been running; null while none is. */
  heartbeat(now: number, busyMs: number | null): void {
    this.lastHeartbeat = now;
    this.busySince = busyMs === null ? null : now - busyMs;
    if (this.warned === 'silent' || (this.warned === 'busy' && busyMs === null)) this.warned = null;
  }

  /** The host itself was held up, so that heartbeats may wait unread: the time does not count. */
  forgive(now: number): void {
    this.lastHeartbeat = Math.max(this.lastHeartbeat, now);
  }

  check(now: number): WatchVerdict {
    const silent = now - this.lastHeartbeat;
    if (silent >= this.limits.silenceKillMs) {
      return { act: 'kill', reason: `hangs: no heartbeat for ${seconds(silent)}` };
    }
    if (silent >= this.limits.silenceWarnMs)
      return this.warnOnce('silent', `no heartbeat for ${seconds(silent)}`);
    if (this.busySince === null) return NOTHING;
    const busy = now - this.busySince;
    if (this.limits.busyKillMs > 0 && busy >= this.limits.busyKillMs) {
      return { act: 'kill', reason: `hangs: one call has been running for ${seconds(busy)}` };
    }
    return busy >= this.limits.busyWarnMs
      ? this.warnOnce('busy', `one call has been running for ${seconds(busy)}`)
      : NOTHING;
  }

  private warnOnce(what: 'silent' | 'busy', reason: string): WatchVerdict {
    if (this.warned === what) return NOTHING;
    this.warned = what;
    return { act: 'warn', reason };
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
