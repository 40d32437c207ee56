import type { Logger } from '../base/log/logger.js';
import { openSession, type SessionOptions } from '../broker/runtime-session.js';
import type { BrokerSession, RuntimeInfo } from '../broker/session.js';
import type { TraceSettings } from '../observe/tracing/settings.js';
import { openTracing, type Tracing } from '../observe/tracing/tracing.js';
import { pythonOf } from '../python/environment/environment.js';
import { venvPath } from '../python/environment/locate.js';
import { confinedSpare } from '../python/sandbox/spare.js';
import { SparePool } from '../python/spare/pool.js';

export interface ResourceOptions {
  readonly log: Logger;
  /** Whether Python processes are started before anybody asks for one. */
  readonly spareProcesses: boolean;
}

/** What all nodes of a running graph share: the broker's session, traces, and Python processes in reserve. Closed once. */
export class Resources {
  readonly spares: SparePool | undefined;
  readonly confinedSpares: SparePool | undefined;
  tracing: Tracing | undefined;
  private session: BrokerSession | undefined;

  constructor(private readonly options: ResourceOptions) {
    if (!options.spareProcesses) return;
    this.spares = new SparePool(options.log);
    this.confinedSpares = new SparePool(options.log, undefined, confinedSpare);
  }

  /** The usual environment can make its imports while it is found out what is to be run. */
  warm(kinds: { readonly python: boolean; readonly confined: boolean }): void {
    const python = pythonOf(venvPath());
    if (kinds.confined) this.confinedSpares?.warm(python);
    if (kinds.python) this.spares?.warm(python);
  }

  async openSession(info: RuntimeInfo, options: Omit<SessionOptions, 'log'>): Promise<BrokerSession> {
    this.session = await openSession(info, { ...options, log: this.options.log });
    return this.session;
  }

  async openTracing(settings: TraceSettings | null, runtime: { id: string; name: string }): Promise<void> {
    if (settings !== null) this.tracing = await openTracing(settings, runtime, this.options.log);
  }

  async close(): Promise<void> {
    await Promise.all([this.spares?.close(), this.confinedSpares?.close()]);
    await Promise.all([this.session?.end(), this.tracing?.close()]);
  }
}
