import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debugCounts, stateDir } from '@streamlib/host-bridge';
import { HttpError, ListenError, type Mount, textErrors, WebServer } from '@streamlib/serve';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { histogramOf } from '../../flow/histogram.js';
import type { RuntimeStats } from '../../node/state.js';
import { exposition } from './exposition.js';
import { type Latency, metricsOf, type Snapshot } from './metrics.js';
import { type ProcessUse, processUse } from './process-use.js';

/** What is asked of a runtime; `Runtime` is one. */
export interface Measured {
  readonly id: string;
  stats(): RuntimeStats;
}

/** Where metrics are served. */
export interface MetricsOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Default: `127.0.0.1`, this machine only. With another, everyone who reaches the port may read. */
  readonly host?: string;
  /** Where that port is in use: so many of the ports after it are tried; none by default. */
  readonly further?: number;
}

/** Where `streamlib top` looks for runtimes that serve metrics. */
export function metricsFolder(): string {
  return join(stateDir(), 'metrics');
}

/**
 * `GET /metrics` for Prometheus and `GET /stats.json` for `streamlib top`. Measures only when it is asked: a runtime that does not
 * serve metrics pays nothing for them.
 */
export class MetricsServer {
  /** Where it listens, such as `http://127.0.0.1:9464`. */
  readonly url: string;

  private constructor(
    private readonly server: WebServer,
    private readonly note: string,
  ) {
    this.url = server.url;
  }

  /**
   * Begins to serve.
   *
   * @param runtime - The runtime that is measured.
   * @param options - Port and host.
   * @throws {@link StreamlibError} `config` if it cannot listen there.
   */
  static async open(runtime: Measured, options: MetricsOptions): Promise<MetricsServer> {
    const server = await listen({ host: options.host ?? '127.0.0.1', port: options.port }, options.further);
    server.mount(metricsMount(runtime));
    const note = join(metricsFolder(), `${runtime.id}.json`);
    mkdirSync(metricsFolder(), { recursive: true, mode: 0o700 });
    const told = { runtime_id: runtime.id, pid: process.pid, url: server.url };
    writeFileSync(note, JSON.stringify(told), { mode: 0o600 });
    return new MetricsServer(server, note);
  }

  /** Stops serving. The runtime goes on. */
  async close(): Promise<void> {
    rmSync(this.note, { force: true });
    await this.server.close();
  }
}

async function listen(at: { host: string; port: number }, further = 0): Promise<WebServer> {
  // A scraper that never finishes its request must not hold anything.
  const limits = { requestTimeoutMs: 5000, maxConnections: 32, background: true };
  try {
    return await WebServer.open(at, limits);
  } catch (cause) {
    const inUse = cause instanceof ListenError && cause.code === 'in_use';
    if (inUse && further > 0) return listen({ ...at, port: at.port + 1 }, further - 1);
    const next = cause instanceof ListenError ? cause.next : 'Choose another port.';
    throw new StreamlibError(
      'config',
      `metrics cannot be served at ${at.host}:${at.port}: ${toError(cause).message}. ${next}`,
      { cause },
    );
  }
}

export function snapshotOf(runtime: Measured): Snapshot {
  const stats = runtime.stats();
  const pids = [process.pid, ...Object.values(stats.nodes).map(({ pid }) => pid)];
  const processes = new Map<number, ProcessUse>();
  for (const pid of pids) {
    const use = pid === null ? null : processUse(pid);
    if (pid !== null && use !== null) processes.set(pid, use);
  }
  const latencies: Latency[] = [];
  for (const [node, { inputs }] of Object.entries(stats.nodes)) {
    for (const [port, { latency_ms: summary }] of Object.entries(inputs)) {
      const ages = histogramOf(summary);
      if (ages !== null) latencies.push({ node, port, ages });
    }
  }
  const { leases, descriptors } = debugCounts();
  return { stats, latencies, processes, pid: process.pid, leases, descriptors };
}

function metricsMount(runtime: Measured): Mount {
  return {
    path: '/',
    guard: { host: 'addresses', origin: 'own' },
    methods: ['GET', 'HEAD'],
    headers: { 'cache-control': 'no-store' },
    format: textErrors,
    handle: (exchange) => {
      if (exchange.path === '/metrics') {
        const text = exposition(metricsOf(snapshotOf(runtime)));
        exchange.send(200, 'text/plain; version=0.0.4; charset=utf-8', text);
      } else if (exchange.path === '/stats.json') {
        const { stats, processes, pid, leases } = snapshotOf(runtime);
        exchange.sendJson(200, { stats, pid, leases, processes: [...processes] });
      } else
        throw new HttpError(
          404,
          'not_found',
          `no such resource: ${exchange.path}`,
          'Ask for /metrics or /stats.json.',
        );
    },
  };
}
