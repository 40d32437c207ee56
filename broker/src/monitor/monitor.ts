import type { Clock } from '../clock/clock.js';
import { messageOf } from '../errors/broker-error.js';
import type { Logger } from '../logs/index.js';
import type { Registry } from '../registry/index.js';
import type { Timers } from './timers.js';

export interface MonitorOptions {
  /** How often handshakes are looked at. */
  readonly intervalMs: number;
  /** How often runtimes are: often enough to drop one within its lease. */
  readonly leaseCheckMs: number;
}

export const defaultMonitorIntervalMs = 30_000;

export function monitorOptions(intervalMs: number, leaseMs: number): MonitorOptions {
  return { intervalMs, leaseCheckMs: Math.max(100, Math.min(intervalMs, Math.floor(leaseMs / 3))) };
}

/** Looks for what has gone stale: handshakes, runtimes, ended records. It decides nothing itself. */
export class Monitor {
  private stops: (() => void)[] = [];
  private lastLeaseCheck = 0;

  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly log: Logger,
    private readonly options: MonitorOptions,
  ) {}

  start(): void {
    this.lastLeaseCheck = this.clock.now();
    this.stops = [
      this.timers.every(this.options.leaseCheckMs, () => this.guarded(() => this.checkRuntimes())),
      this.timers.every(this.options.intervalMs, () => this.guarded(() => this.checkConnections())),
    ];
  }

  stop(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  private checkRuntimes(): void {
    const now = this.clock.now();
    const late = now - this.lastLeaseCheck - this.options.leaseCheckMs;
    this.lastLeaseCheck = now;
    if (late > this.options.leaseCheckMs) {
      this.log.warn({ late_ms: late }, 'the broker was held up; leases are extended by as much');
      this.registry.runtimes.forgive(late);
    }
    for (const { record, why } of this.registry.sweepRuntimes())
      this.log.warn(
        { runtime_id: record.info.id, name: record.info.name, pid: record.info.pid },
        `runtime dropped: ${why}`,
      );
    this.registry.connections.sweep();
  }

  private checkConnections(): void {
    // What failed by this is told by the log of changes.
    this.registry.connections.checkDeadlines();
    this.registry.sweepUnregistered();
    this.registry.connections.sweep();
  }

  /** One bad round must not end the rounds. */
  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.log.error({ err: error }, `the monitor failed: ${messageOf(error)}`);
    }
  }
}
