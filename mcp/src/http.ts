import { randomBytes, randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { stateDir } from '@streamlib/host-bridge';
import type { A2aEndpoint } from './a2a/endpoint.js';
import { refusalOf } from './guard.js';

const HOST = '127.0.0.1';
const MOST_SESSIONS = 32;

export interface HttpOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly token: string;
  /** A server for a client that has just come. */
  readonly make: () => McpServer;
  /** What another agent finds here over A2A, given where this server is. */
  readonly a2a?: (origin: string) => A2aEndpoint;
}

interface Session {
  readonly server: McpServer;
  readonly transport: StreamableHTTPServerTransport;
  /** Requests that are being answered; a client that is there may keep one open. */
  open: number;
}

/** MCP over Streamable HTTP, for programs of this machine that know the token. */
export class McpHttpServer {
  /** The one that was quiet longest comes first. */
  private readonly sessions = new Map<string, Session>();
  private readonly a2a: A2aEndpoint | null;

  private constructor(
    private readonly http: Server,
    private readonly options: HttpOptions,
    readonly url: string,
  ) {
    this.a2a = options.a2a?.(new URL(url).origin) ?? null;
    http.on('request', (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        refuse(response, 500, error instanceof Error ? error.message : String(error));
      });
    });
  }

  static async open(options: HttpOptions): Promise<McpHttpServer> {
    const http = createServer();
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(options.port, HOST, resolve);
    });
    const address = http.address();
    const port = typeof address === 'object' && address !== null ? address.port : options.port;
    return new McpHttpServer(http, options, `http://${HOST}:${port}/mcp`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ server }) => server.close()));
    this.sessions.clear();
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
      this.http.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, this.options.token, tokenFile());
    if (refusal !== null) {
      if (refusal.status === 401) response.setHeader('www-authenticate', 'Bearer');
      return refuse(response, refusal.status, refusal.message);
    }
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (await this.a2a?.answer(path, request, response)) return;
    if (path !== '/mcp') return refuse(response, 404, 'the server is at /mcp');
    const id = request.headers['mcp-session-id'];
    if (typeof id === 'string') {
      const session = this.sessions.get(id);
      if (session === undefined) return refuse(response, 404, 'this session has ended; begin a new one');
      this.sessions.delete(id);
      this.sessions.set(id, session);
      return handle(session, request, response);
    }
    // Most clients go without a word. One that is about to be answered is there.
    if (this.sessions.size >= MOST_SESSIONS && this.quietest() === null)
      return refuse(response, 503, `${MOST_SESSIONS} clients are being answered; try again, or end one`);
    const session = await this.begin();
    await handle(session, request, response);
    if (this.sessions.size > MOST_SESSIONS) await this.quietest()?.server.close();
    // It was no beginning of a session.
    if (session.transport.sessionId === undefined) await session.server.close();
  }

  private quietest(): Session | null {
    return [...this.sessions.values()].find(({ open }) => open === 0) ?? null;
  }

  private async begin(): Promise<Session> {
    const server = this.options.make();
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void this.sessions.set(id, session),
      onsessionclosed: (id) => void this.sessions.delete(id),
    });
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.sessions.delete(transport.sessionId);
    };
    const session: Session = { server, transport, open: 0 };
    await server.connect(transport as Parameters<McpServer['connect']>[0]);
    return session;
  }
}

async function handle(session: Session, request: IncomingMessage, response: ServerResponse): Promise<void> {
  session.open++;
  response.once('close', () => session.open--);
  await session.transport.handleRequest(request, response);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } }));
}

export function tokenFile(): string {
  return join(stateDir(), 'mcp.token');
}

/** The token of this user's MCP servers; made when it is first needed, so that a client's configuration stays valid. */
export function httpToken(): string {
  const file = tokenFile();
  const state = lstatSync(file, { throwIfNoEntry: false });
  if (state !== undefined) {
    if (!state.isFile() || (state.mode & 0o077) !== 0 || state.uid !== process.getuid?.())
      throw new Error(`${file} can be read by others; remove it, and a new token is made`);
    const known = readFileSync(file, 'utf8').trim();
    if (known !== '') return known;
  }
  const token = randomBytes(32).toString('base64url');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
