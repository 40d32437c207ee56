import { type Logger, silent } from '../base/log/logger.js';
import { defaultSettings, readSettings } from '../base/settings/settings.js';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import { BrokerChannels } from '../broker/channels.js';
import { openSession, type SessionOptions } from '../broker/runtime-session.js';
import type { BrokerSession, RuntimeInfo } from '../broker/session.js';
import type { TraceSettings } from '../observe/tracing/settings.js';
import { TraceHost, type Tracing } from '../observe/tracing/tracing.js';
import { pythonOf, venvPath } from '../python/environment/locate.js';
import { confinedSpare } from '../python/sandbox/spare.js';
import { type SpareCounts, type SpareKind, SparePool } from '../python/spare/pool.js';
import { plainSpare } from '../python/spare/spare-process.js';
import { type SpareWishes, sparesWanted } from '../python/spare/wanted.js';
import { HostLog } from './host-log.js';

/** How a host is opened. */
export interface HostOptions {
  /**
   * How many Python processes wait, for each environment, for a node that starts; from 0 to 64. STREAMLIB_SPARE and the setting
   * `python.spare_processes` say it otherwise, and 1 if neither does.
   */
  readonly spareProcesses?: number;
}

/** What a host has open. All zero when nothing is left. */
export interface HostCounts {
  /** Runtimes, and others that check code, that use it now. */
  readonly users: number;
  /** Channels to the broker. */
  readonly brokerChannels: number;
  /** Exporters of traces. */
  readonly traceExporters: number;
  /** Its spare Python processes. */
  readonly spares: SpareCounts;
}

/** `run`: its processes become nodes. `check`: they look at code. */
type HostUse = 'run' | 'check';

export interface HostUser {
  readonly use: HostUse;
  /** Null for one that keeps no log. */
  readonly log: Logger | null;
  /** What it asks for itself, in place of what the host has. */
  readonly wishes: SpareWishes;
  /** Where settings may lie beside a manifest. */
  readonly settingsFolder?: string | undefined;
}

/**
 * What the runtimes of one process have in common: the channel to the broker, spare Python processes and the exporters of traces.
 * Each runtime still has its own registration with the broker and its own log.
 *
 * A runtime that is given none uses the one of the process, which is made for the first runtime and closed with the last. A server
 * that starts and stops graphs opens one, so that spare processes are there also while no graph runs, and closes it at its end.
 */
export class Host {
  private static shared: Host | null = null;
  private readonly channels = new BrokerChannels();
  private readonly traces = new TraceHost();
  private readonly log = new HostLog();
  private readonly pool: SparePool;
  private readonly users = new Map<HostLease, { readonly use: HostUse; readonly count: number }>();
  /** How many spare processes it keeps while no runtime uses it. */
  private readonly own: number;
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly isShared: boolean,
    wishes: SpareWishes,
  ) {
    this.pool = new SparePool(this.log, undefined, { plain: plainSpare, confined: confinedSpare });
    this.own = isShared ? 0 : sparesWanted(wishes, () => readSettings().python.spare_processes);
    this.resize();
  }

  /**
   * Opens a host, and starts its spare processes for the usual Python environment.
   *
   * @param options - How many spare processes it keeps; by default as the environment and the settings say.
   * @throws {@link StreamlibError} `config` for an option or setting that is out of range.
   */
  static open(options: HostOptions = {}): Host {
    const host = new Host(false, options);
    if (host.own > 0) host.pool.warm(pythonOf(venvPath()));
    return host;
  }

  /** @internal Uses a host: that of the process if none is given. */
  static use(host: Host | undefined, user: HostUser): HostLease {
    const chosen = host ?? Host.shared ?? new Host(true, {});
    if (host === undefined) Host.shared = chosen;
    if (chosen.closing !== null)
      throw new StreamlibError('state', 'the host is closed; open another, or give the runtime none');
    return chosen.lease(user);
  }

  /** @internal What the host of the process has open; null while there is none. */
  static get sharedCounts(): HostCounts | null {
    return Host.shared?.counts ?? null;
  }

  /** What it has open. */
  get counts(): HostCounts {
    return {
      users: this.users.size,
      brokerChannels: this.channels.count,
      traceExporters: this.traces.count,
      spares: this.pool.counts,
    };
  }

  /**
   * Ends the spare processes. May be called more than once; rejects, and closes nothing, while a runtime uses the host.
   *
   * @throws {@link StreamlibError} `state` while runtimes use it.
   */
  async close(): Promise<void> {
    if (this.users.size > 0)
      throw new StreamlibError(
        'state',
        `the host is used by ${this.users.size} runtimes or checkers; stop them first`,
      );
    this.closing ??= this.pool.close();
    await this.closing;
  }

  private lease(user: HostUser): HostLease {
    const { use, log, wishes } = user;
    const count = sparesWanted(wishes, () => (this.isShared ? settingOf(user) : this.own));
    const lease = new HostLease(log ?? silent, count, {
      spares: this.pool,
      traces: this.traces,
      channels: this.channels,
      released: () => this.released(lease, log),
    });
    this.users.set(lease, { use, count });
    if (log !== null) this.log.add(log);
    this.resize();
    return lease;
  }

  /** Settles when nothing is left that only this user needed. */
  private async released(lease: HostLease, log: Logger | null): Promise<void> {
    if (!this.users.delete(lease)) return;
    if (this.users.size === 0 && this.isShared) {
      // Who comes from here on gets a new one.
      Host.shared = null;
      this.closing = this.pool.close();
      await this.closing;
    } else this.resize();
    if (log !== null) this.log.remove(log);
  }

  /** As many as the user wants that wants most. Those who run code and those who check it do not take each other's. */
  private resize(): void {
    const most = (use: HostUse) =>
      Math.max(0, ...[...this.users.values()].filter((user) => user.use === use).map(({ count }) => count));
    const running = Math.max(this.own, most('run'));
    this.pool.resize('plain', running);
    this.pool.resize('confined', running + most('check'));
  }
}

/** A setting that cannot be read must not keep a graph from running: what it is about is only speed. */
function settingOf({ settingsFolder, log }: HostUser): number {
  try {
    return readSettings(settingsFolder).python.spare_processes;
  } catch (error) {
    log?.warn(`the setting python.spare_processes is left out of account: ${toError(error).message}`);
    return defaultSettings().python.spare_processes;
  }
}

interface HostParts {
  readonly spares: SparePool;
  readonly traces: TraceHost;
  readonly channels: BrokerChannels;
  released(): Promise<void>;
}

/** @internal One runtime's use of a host. Closed once. */
export class HostLease {
  /** Undefined for a runtime that wants none. */
  readonly spares: Pick<SparePool, 'take' | 'warm'> | undefined;
  tracing: Tracing | undefined;
  private session: BrokerSession | undefined;

  constructor(
    private readonly log: Logger,
    spareCount: number,
    private readonly parts: HostParts,
  ) {
    this.spares = spareCount > 0 ? parts.spares : undefined;
  }

  /** The usual environment can make its imports while it is found out what is to be run. */
  warm(kinds: readonly SpareKind[]): void {
    for (const kind of kinds) this.spares?.warm(pythonOf(venvPath()), kind);
  }

  async openSession(info: RuntimeInfo, options: Omit<SessionOptions, 'log'>): Promise<BrokerSession> {
    this.session = await openSession(info, this.parts.channels.use(), { ...options, log: this.log });
    return this.session;
  }

  async openTracing(settings: TraceSettings | null, runtime: { id: string; name: string }): Promise<void> {
    if (settings !== null) this.tracing = await this.parts.traces.open(settings, runtime, this.log);
  }

  /** Never rejects. Settles when nothing is left that only this runtime needed. */
  async close(): Promise<void> {
    await Promise.all([this.session?.end(), this.tracing?.close(), this.parts.released()]);
  }
}
