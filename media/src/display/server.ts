import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MediaError } from '../errors/media-error.js';
import { isOwnHost, isOwnOrigin } from './guard.js';
import type { PageFile } from './page-files.js';
import { type EncodedFrame, MAX_MESSAGE_BYTES } from './wire.js';

export interface ServerContent {
  readonly page: ReadonlyMap<string, PageFile>;
  snapshot(): Promise<EncodedFrame | null>;
  stats(): object;
  /** Whether one more may watch. */
  hasRoom(): boolean;
  watch(socket: WebSocket): void;
}

/** Nothing from elsewhere is loaded into the page, and no other site may show the page or its pictures within itself. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Serves the page, its pictures and its figures. */
export class DisplayServer {
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    // JPEGs don't get smaller.
    perMessageDeflate: false,
  });

  private constructor(
    private readonly host: string,
    private readonly content: ServerContent,
  ) {
    this.http = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) this.refuse(response, 500, `The display failed: ${String(error)}`);
        else response.destroy();
      });
    });
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  static async listen(host: string, port: number, content: ServerContent): Promise<DisplayServer> {
    const server = new DisplayServer(host, content);
    await new Promise<void>((resolve, reject) => {
      server.http.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause)));
      server.http.listen(port, host, resolve);
    });
    return server;
  }

  get url(): string {
    const { address, port } = this.http.address() as AddressInfo;
    const name = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '[::1]' : address;
    return `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}/`;
  }

  async close(): Promise<void> {
    this.sockets.close();
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOwnHost(request.headers.host, this.host)) {
      this.refuse(response, 403, 'This display answers to addresses and to "localhost" only.');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      this.refuse(response, 405, 'Only GET and HEAD are answered here.');
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/stats.json') {
      this.send(request, response, 'application/json', Buffer.from(JSON.stringify(this.content.stats())));
    } else if (path === '/frame.jpg') {
      const frame = await this.content.snapshot();
      if (frame === null) this.refuse(response, 503, 'No frame has arrived yet.');
      else this.send(request, response, 'image/jpeg', frame.jpeg, { 'X-Frame-Number': String(frame.number) });
    } else {
      const file = this.content.page.get(path);
      if (file === undefined)
        this.refuse(response, 404, 'There is nothing here; see /, /frame.jpg and /stats.json.');
      else this.send(request, response, file.type, file.content);
    }
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, origin } = request.headers;
    const refusal =
      !isOwnHost(host, this.host) || !isOwnOrigin(origin, host)
        ? '403 Forbidden'
        : request.url !== '/frames'
          ? '404 Not Found'
          : this.content.hasRoom()
            ? null
            : '503 Service Unavailable';
    if (refusal !== null) turnAway(socket, refusal);
    else this.sockets.handleUpgrade(request, socket, head, (opened) => this.content.watch(opened));
  }

  private send(
    request: IncomingMessage,
    response: ServerResponse,
    type: string,
    content: Buffer,
    more: Readonly<Record<string, string>> = {},
  ): void {
    response.writeHead(200, { ...HEADERS, ...more, 'Content-Type': type, 'Content-Length': content.length });
    response.end(request.method === 'HEAD' ? undefined : content);
  }

  private refuse(response: ServerResponse, status: number, why: string): void {
    response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(`${why}\n`);
  }
}

function turnAway(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): MediaError {
  if (cause.code === 'EADDRINUSE')
    return new MediaError(
      'port_in_use',
      `port ${port} of ${host} is in use by another program; give the display another "port", or 0 for any that is free`,
      { cause },
    );
  return new MediaError(
    'io',
    `the display cannot listen on ${host}, port ${port}: ${cause.message}; check its parameters "host" and "port"`,
    { cause },
  );
}
