import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { debugCounts, stateDir } from '@streamlib/host-bridge';
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

export interface MetricsOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Only this machine, unless told otherwise: whoever reaches the port may read. */
  readonly host?: string;
}

/** Where `streamlib top` looks for the runtimes that tell. */
export function metricsFolder(): string {
  return join(stateDir(), 'metrics');
}

/**
 * `GET /metrics` for Prometheus and `GET /stats.json` for `streamlib top`. Reads only, and only when it is asked: a runtime that
 * serves nothing of the kind pays nothing.
 */
export class MetricsServer {
  private constructor(
    readonly url: string,
    private readonly server: Server,
    private readonly note: string,
  ) {}

  static async open(runtime: Measured, options: MetricsOptions): Promise<MetricsServer> {
    const host = options.host ?? '127.0.0.1';
    const server = createServer((request, response) => answer(runtime, request, response));
    // A scraper that never ends its question must not keep anything.
    server.requestTimeout = 5_000;
    server.maxConnections = 32;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new StreamlibError(
            'config',
            `metrics can't be served at ${host}:${options.port}: ${toError(cause).message}; choose another port`,
            { cause },
          ),
        ),
      );
      server.listen(options.port, host, resolve);
    });
    server.unref();
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : options.port;
    const url = `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const note = join(metricsFolder(), `${runtime.id}.json`);
    mkdirSync(metricsFolder(), { recursive: true, mode: 0o700 });
    writeFileSync(note, JSON.stringify({ runtime_id: runtime.id, pid: process.pid, url }), { mode: 0o600 });
    return new MetricsServer(url, server, note);
  }

  async close(): Promise<void> {
    rmSync(this.note, { force: true });
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
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

function answer(runtime: Measured, request: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, type: string, text: string) => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  const path = (request.url ?? '').split('?', 1)[0];
  // A page of elsewhere that has its name point to this machine must not read along.
  if (!isNamedByAddress(request.headers.host)) send(403, 'text/plain', 'ask by address or localhost\n');
  else if (request.method !== 'GET' && request.method !== 'HEAD') send(405, 'text/plain', 'GET only\n');
  else if (path === '/metrics')
    send(200, 'text/plain; version=0.0.4; charset=utf-8', exposition(metricsOf(snapshotOf(runtime))));
  else if (path === '/stats.json') {
    const { stats, processes, pid, leases } = snapshotOf(runtime);
    send(200, 'application/json', JSON.stringify({ stats, pid, leases, processes: [...processes] }));
  } else send(404, 'text/plain', '/metrics or /stats.json\n');
}

function isNamedByAddress(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}
