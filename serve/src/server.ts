import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { checkDeclaredLength, discardRest } from './body.js';
import { HttpError } from './errors.js';
import { Exchange, type Target } from './exchange.js';
import { refusalOf } from './guard/guard.js';
import { type ListenAt, listen, urlOf } from './listen.js';
import { explain, jsonErrors, type Mount, MountTable } from './mount.js';

export interface WebServerOptions {
  /** A request, body included, must have arrived within so many milliseconds. Default 30 000. */
  readonly requestTimeoutMs?: number;
  /** Its headers within so many. Default 10 000, or the request's time if that is shorter. */
  readonly headersTimeoutMs?: number;
  /** An idle connection is kept so long for another request. Default 5000. */
  readonly keepAliveMs?: number;
  /** Further connections are dropped. Default 256. */
  readonly maxConnections?: number;
  /** True: the process may end while it listens. Default false. */
  readonly background?: boolean;
  /** What could not be told to any client: a failed accept, an error after the answer had begun. */
  readonly onError?: (error: unknown) => void;
}

/** How often Node looks for requests that take too long. */
const TIMEOUT_CHECK_MS = 1000;

/**
 * A listener with several faces, each mounted at a path with its own guard. It owns the listener and all connections;
 * `close()` ends them.
 */
export class WebServer {
  /** `http://HOST:PORT`, to be asked from this machine; for a socket file, `unix:PATH`. */
  readonly url: string;
  private readonly mounts = new MountTable();
  /** Connections that went on in another protocol: Node does not count these as its own any more. */
  private readonly upgraded = new Set<Duplex>();
  private closing: Promise<void> | null = null;
  private dropped = 0;

  private constructor(
    private readonly http: Server,
    private readonly at: ListenAt,
    private readonly onError: (error: unknown) => void,
  ) {
    this.url = urlOf(http, at) ?? `unix:${'socket' in at ? at.socket : ''}`;
    http.on('request', (request, response) => void this.answer(request, response, false));
    http.on('checkContinue', (request, response) => void this.answer(request, response, true));
    http.on('drop', () => {
      this.dropped++;
    });
    // Without a listener, a failed accept (too many open files) would end the process.
    http.on('error', (error) => this.onError(error));
  }

  /** Rejects with a `ListenError`. */
  static async open(at: ListenAt, options: WebServerOptions = {}): Promise<WebServer> {
    const requestTimeout = options.requestTimeoutMs ?? 30_000;
    const http = createServer({
      requestTimeout,
      headersTimeout: Math.min(options.headersTimeoutMs ?? 10_000, requestTimeout),
      keepAliveTimeout: options.keepAliveMs ?? 5000,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    });
    http.maxConnections = options.maxConnections ?? 256;
    await listen(http, at);
    if (options.background === true) http.unref();
    return new WebServer(http, at, options.onError ?? (() => {}));
  }

  /** Throws a `TypeError` if something is mounted there already. */
  mount(mount: Mount): this {
    this.mounts.add(mount);
    // Only then: without a listener, Node answers a request that offers an upgrade as if it did not.
    if (mount.upgrade !== undefined && this.http.listenerCount('upgrade') === 0)
      this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    return this;
  }

  /** Connections that were dropped because `maxConnections` were open. */
  get droppedConnections(): number {
    return this.dropped;
  }

  /** Connections that went on in another protocol and are open: WebSockets. */
  get openUpgrades(): number {
    return this.upgraded.size;
  }

  /**
   * Accepts nothing more, ends what the mounts keep open, and waits up to `graceMs` (default 0) for answers under way; then all
   * connections are ended, WebSockets included. May be called again.
   */
  close(graceMs = 0): Promise<void> {
    this.closing ??= this.end(graceMs);
    return this.closing;
  }

  private async end(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.http.close(() => resolve());
    });
    for (const { close } of this.mounts.all()) close?.();
    if (graceMs > 0) {
      this.http.closeIdleConnections();
      const deadline = setTimeout(() => this.cut(), graceMs);
      await closed;
      clearTimeout(deadline);
    }
    this.cut();
    await closed;
  }

  private cut(): void {
    this.http.closeAllConnections();
    for (const socket of this.upgraded) socket.destroy();
  }

  private async answer(request: IncomingMessage, response: ServerResponse, waits: boolean): Promise<void> {
    const { found, target } = this.find(request);
    const mount = found?.mount ?? null;
    for (const [name, value] of Object.entries(mount?.headers ?? {})) response.setHeader(name, value);
    const exchange = new Exchange(request, response, target, mount?.maxBodyBytes ?? 0, waits);
    try {
      if (mount === null) throw nothingThere(request);
      this.check(request, mount);
      if (mount.methods !== undefined && !mount.methods.includes(request.method ?? ''))
        throw methodNotAllowed(mount.methods);
      checkDeclaredLength(request, mount.maxBodyBytes ?? 0);
      await mount.handle(exchange);
    } catch (thrown) {
      await this.refuse(exchange, mount, thrown);
    }
  }

  private async refuse(exchange: Exchange, mount: Mount | null, thrown: unknown): Promise<void> {
    const { request, response } = exchange;
    if (response.destroyed) return;
    if (response.headersSent) {
      // It cannot be said any more; the client sees that the answer is cut off.
      this.onError(thrown);
      response.destroy();
      return;
    }
    const error = explain(mount, thrown);
    const { type, body } = (mount?.format ?? jsonErrors)(error);
    const hasRest = !request.complete && hasBody(request);
    response.writeHead(error.status, {
      ...error.headers,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      ...(hasRest && { connection: 'close' }),
    });
    if (request.method !== 'HEAD') response.write(body);
    // A connection that is closed with bytes unread is reset, and the answer may be lost with it.
    if (hasRest) await discardRest(request);
    response.end();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Whoever takes the socket over listens as well; until then, a peer that is gone must not end the process.
    socket.on('error', () => {});
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
    const { found, target } = this.find(request);
    try {
      if (this.closing !== null)
        throw new HttpError(503, 'busy', 'the server is closing', 'Try again later.');
      if (found === null) throw nothingThere(request);
      this.check(request, found.mount);
      if (found.mount.upgrade === undefined) throw nothingThere(request);
      found.mount.upgrade({ request, socket, head, ...target });
    } catch (thrown) {
      const error = explain(found?.mount ?? null, thrown);
      if (error.code === 'internal') this.onError(thrown);
      socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
  }

  private find(request: IncomingMessage) {
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
    const found = this.mounts.find(path);
    const target: Target = { path: found?.below ?? path, query: new URLSearchParams(search) };
    return { found, target };
  }

  private check(request: IncomingMessage, mount: Mount): void {
    const facts = { target: request.url ?? '', headers: request.headersDistinct };
    const refusal = refusalOf(facts, mount.guard, 'host' in this.at ? this.at.host : null);
    if (refusal !== null) throw refusal;
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function nothingThere({ method, url }: IncomingMessage): HttpError {
  return new HttpError(404, 'not_found', `no such resource: ${method} ${url}`, 'Check the address.');
}

function methodNotAllowed(methods: readonly string[]): HttpError {
  const allow = methods.join(', ');
  return new HttpError(
    405,
    'method_not_allowed',
    `only ${allow} is allowed here`,
    `Use ${methods.join(' or ')}.`,
    {
      headers: { allow },
    },
  );
}
