import type { Clock } from '../clock/clock.js';
import { isFinal, type LiveConnectionState } from '../state-machine/index.js';
import { type ConnectionLimits, Connections, defaultConnectionLimits } from './connections.js';
import { type ProcessTable, systemProcesses } from './process-identity.js';
import type { RuntimeInfo } from './records.js';
import { defaultRuntimeLimits, type GoneRuntime, type RuntimeLimits, Runtimes } from './runtimes.js';

export interface RegistryOptions {
  readonly clock: Clock;
  readonly processes?: ProcessTable;
  readonly connectionLimits?: Partial<ConnectionLimits>;
  readonly runtimeLimits?: Partial<RuntimeLimits>;
}

export interface Registration {
  readonly adopted: string[];
  readonly rejected: { readonly id: string; readonly reason: string }[];
}

/** Runtimes and connections, and what one means for the other. */
export class Registry {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly runtimes: Runtimes;

  constructor(options: RegistryOptions) {
    this.clock = options.clock;
    this.connections = new Connections(options.clock, {
      ...defaultConnectionLimits,
      ...options.connectionLimits,
    });
    this.runtimes = new Runtimes(options.clock, options.processes ?? systemProcesses, {
      ...defaultRuntimeLimits,
      ...options.runtimeLimits,
    });
  }

  register(info: RuntimeInfo, live: readonly LiveConnectionState[]): Registration {
    const replaced = this.runtimes.register(info);
    if (replaced !== null) this.endConnections(replaced);
    const adopted: string[] = [];
    const rejected: { id: string; reason: string }[] = [];
    for (const connection of live) {
      const { id } = connection.connection;
      const reason = this.connections.adopt(connection);
      if (reason === null) adopted.push(id);
      else rejected.push({ id, reason });
    }
    return { adopted, rejected };
  }

  /** Null: it was not registered. Else the number of connections that were closed. */
  unregister(runtimeId: string): number | null {
    if (this.runtimes.remove(runtimeId) === null) return null;
    return this.connections.closeOfRuntime(runtimeId);
  }

  /** Drops the runtimes that are gone, with their connections. */
  sweepRuntimes(): GoneRuntime[] {
    const gone = this.runtimes.sweep();
    for (const runtime of gone) this.endConnections(runtime);
    return gone;
  }

  /**
   * A ready connection is kept alive by its runtime's lease. Where nobody registered (a script that only makes a handshake),
   * the connection's own signals stand in for it.
   */
  sweepUnregistered(): string[] {
    const now = this.clock.now();
    const ended: string[] = [];
    for (const record of [...this.connections.list()]) {
      if (isFinal(record) || record.readyAt === null || this.runtimes.get(record.runtimeId) !== null)
        continue;
      const seen = Math.max(record.readyAt, record.host.lastSeenAt ?? 0, record.client.lastSeenAt ?? 0);
      if (now - seen < record.timeoutSecs * 1000) continue;
      this.connections.apply(record.id, {
        type: 'side_failed',
        side: 'host',
        reason: `runtime ${record.runtimeId} is not registered, and nothing has been heard from it for ${record.timeoutSecs} s`,
      });
      ended.push(record.id);
    }
    return ended;
  }

  private endConnections({ record, why }: GoneRuntime): void {
    const { id, name } = record.info;
    const label = name === '' ? id : `${name} (${id})`;
    this.connections.loseRuntime(id, `runtime ${label} is gone: ${why}`);
  }
}
