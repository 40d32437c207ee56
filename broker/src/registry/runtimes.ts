import type { Clock } from '../clock/clock.js';
import { BrokerError } from '../errors/broker-error.js';
import { LastReports } from './last-reports.js';
import { isSameProcess, type ProcessIdentity, type ProcessTable } from './process-identity.js';
import type { ProcessorInfo, RuntimeInfo, RuntimeRecord } from './records.js';

export interface RuntimeLimits {
  readonly maxRuntimes: number;
  readonly maxProcessorsPerRuntime: number;
  readonly leaseMs: number;
}

export const defaultRuntimeLimits: RuntimeLimits = {
  maxRuntimes: 256,
  maxProcessorsPerRuntime: 1024,
  leaseMs: 15_000,
};

export interface GoneRuntime {
  readonly record: RuntimeRecord;
  readonly why: string;
}

/** The registered runtimes and their leases. */
export class Runtimes {
  private readonly records = new Map<string, RuntimeRecord>();
  private readonly last = new LastReports();

  constructor(
    private readonly clock: Clock,
    private readonly processes: ProcessTable,
    readonly limits: RuntimeLimits = defaultRuntimeLimits,
  ) {}

  /** Gives the earlier runtime of that id, if another process had it and is gone: its connections go with it. */
  register(info: RuntimeInfo): GoneRuntime | null {
    const now = this.clock.now();
    const process = info.pid === 0 ? null : this.processes.identify(info.pid);
    const earlier = this.records.get(info.id);
    const same = earlier !== undefined && isSameRuntime(earlier, info, process);
    if (earlier !== undefined && !same && this.whyGone(earlier) === null)
      throw new BrokerError(
        'precondition',
        `Runtime id ${info.id} belongs to process ${earlier.info.pid}, which is alive; register under an id of your own`,
      );
    if (earlier === undefined && this.records.size >= this.limits.maxRuntimes)
      throw new BrokerError(
        'exhausted',
        `The broker has ${this.records.size} runtimes, its limit; end some (see "streamlib broker runtimes")`,
      );
    this.records.set(info.id, {
      info,
      process,
      registeredAt: same ? earlier.registeredAt : now,
      lastSeenAt: now,
      processors: same ? earlier.processors : new Map(),
    });
    if (earlier === undefined || same) return null;
    return { record: earlier, why: `process ${earlier.info.pid} is gone, another runtime has its id` };
  }

  renew(id: string): RuntimeRecord {
    const record = this.require(id);
    const renewed = { ...record, lastSeenAt: this.clock.now() };
    this.records.set(id, renewed);
    return renewed;
  }

  /** One that is stopped is no longer of the runtime's: it is forgotten, so that there is room for others. */
  report(id: string, processor: ProcessorInfo): void {
    const record = this.renew(id);
    this.last.forget(id, processor.processorId);
    if (processor.state === 'stopped') {
      this.last.keep(id, processor);
      const rest = new Map(record.processors);
      rest.delete(processor.processorId);
      this.records.set(id, { ...record, processors: rest });
      return;
    }
    const { maxProcessorsPerRuntime } = this.limits;
    if (record.processors.size >= maxProcessorsPerRuntime && !record.processors.has(processor.processorId))
      throw new BrokerError(
        'exhausted',
        `Runtime ${id} has reported ${record.processors.size} processors, the limit`,
      );
    const processors = new Map(record.processors).set(processor.processorId, processor);
    this.records.set(id, { ...record, processors });
  }

  remove(id: string): RuntimeRecord | null {
    const record = this.records.get(id) ?? null;
    this.records.delete(id);
    // It said itself that it goes: so have all of its processors.
    for (const processor of record?.processors.values() ?? [])
      this.last.keep(id, { ...processor, state: 'stopped' });
    return record;
  }

  /** What was last told of a processor that is no longer listed. */
  lastReport(id: string, processorId: string): ProcessorInfo | null {
    return this.last.get(id, processorId);
  }

  get(id: string): RuntimeRecord | null {
    return this.records.get(id) ?? null;
  }

  require(id: string): RuntimeRecord {
    const record = this.records.get(id);
    if (record === undefined)
      throw new BrokerError(
        'not_found',
        `Runtime ${id} is not registered: it never was, its lease lapsed, or the broker was restarted. Call RegisterRuntime, with the live connections`,
      );
    return record;
  }

  list(): IterableIterator<RuntimeRecord> {
    return this.records.values();
  }

  get size(): number {
    return this.records.size;
  }

  leaseRemainingMs(record: RuntimeRecord): number {
    return Math.max(0, record.lastSeenAt + this.limits.leaseMs - this.clock.now());
  }

  /** Removes the runtimes whose process is gone or whose lease lapsed. */
  sweep(): GoneRuntime[] {
    const gone: GoneRuntime[] = [];
    for (const record of [...this.records.values()]) {
      const why = this.whyGone(record);
      if (why === null) continue;
      this.records.delete(record.info.id);
      for (const processor of record.processors.values()) this.last.keep(record.info.id, processor);
      gone.push({ record, why });
    }
    return gone;
  }

  /** This process was away itself (suspended, or too busy to hear heartbeats): nobody's lease ran meanwhile. */
  forgive(ms: number): void {
    const now = this.clock.now();
    for (const [id, record] of this.records)
      this.records.set(id, { ...record, lastSeenAt: Math.min(now, record.lastSeenAt + ms) });
  }

  private whyGone(record: RuntimeRecord): string | null {
    if (record.process !== null && !isSameProcess(this.processes, record.process))
      return `its process ${record.info.pid} is gone`;
    if (this.leaseRemainingMs(record) === 0)
      return `its lease lapsed: no heartbeat for ${Math.round(this.limits.leaseMs / 1000)} s`;
    return null;
  }
}

function isSameRuntime(earlier: RuntimeRecord, info: RuntimeInfo, process: ProcessIdentity | null): boolean {
  if (earlier.info.pid !== info.pid) return false;
  return earlier.process === null || process === null || earlier.process.startedAt === process.startedAt;
}
