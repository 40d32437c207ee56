import { randomUUID } from 'node:crypto';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type Exchange, HttpError, type Mount, WebServer } from '@streamlib/serve';
import type { A2aEndpoint } from './a2a/endpoint.js';
import { tokenFile } from './token.js';

const HOST = '127.0.0.1';
const MAX_SESSIONS = 32;
const LONGEST_BODY = 4 * 1024 * 1024;

/** How the server is opened. */
export interface HttpOptions {
  /** The TCP port on 127.0.0.1; 0: any free one. */
  readonly port: number;
  /** What clients have to send as `Authorization: Bearer …`. */
  readonly token: string;
  /** A server for a client that has just connected. */
  readonly make: () => McpServer;
  /** What another agent finds here over A2A, given where this server is. */
  readonly a2a?: (origin: string) => A2aEndpoint;
}

interface Session {
  readonly server: McpServer;
  readonly transport: StreamableHTTPServerTransport;
  /** Requests that are being answered; a client that is connected may keep one open. */
  open: number;
}

/** MCP over Streamable HTTP, for programs on this machine that know the token. */
export class McpHttpServer {
  /** Where clients find it, such as `http://127.0.0.1:8931/mcp`. */
  readonly url: string;
  /** The one that was quiet longest comes first. */
  private readonly sessions = new Map<string, Session>();
  private readonly a2a: A2aEndpoint | null;

  private constructor(
    private readonly web: WebServer,
    private readonly options: HttpOptions,
  ) {
    this.url = `${web.url}/mcp`;
    this.a2a = options.a2a?.(web.url) ?? null;
    web.mount(this.mount());
  }

  /**
   * Begins to listen.
   *
   * @param options - Port, token, and what is served.
   * @throws ListenError if the port cannot be had.
   */
  static async open(options: HttpOptions): Promise<McpHttpServer> {
    return new McpHttpServer(await WebServer.open({ host: HOST, port: options.port }), options);
  }

  /** Ends all sessions and stops listening. */
  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ server }) => server.close()));
    this.sessions.clear();
    await this.web.close();
  }

  private mount(): Mount {
    const { token } = this.options;
    return {
      path: '/',
      guard: {
        host: 'loopback',
        // A page in a browser can reach this machine, but no page is a client of this server.
        origin: 'none',
        token: { value: token, hint: `the token as "Authorization: Bearer …"; it is in ${tokenFile()}` },
      },
      maxBodyBytes: LONGEST_BODY,
      format: ({ code, message, next }) => ({
        type: 'application/json',
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: null,
          error: { code: code === 'invalid' ? PARSE_ERROR : SERVER_ERROR, message: `${message}. ${next}` },
        }),
      }),
      handle: (exchange) => this.answer(exchange),
    };
  }

  private async answer(exchange: Exchange): Promise<void> {
    if (await this.a2a?.answer(exchange)) return;
    if (exchange.path !== '/mcp')
      throw new HttpError(404, 'not_found', `no such resource: ${exchange.path}`, 'The server is at /mcp.');
    // Read here, for its limit, and before a session is made for it; the transport takes what was read.
    const body = exchange.request.method === 'POST' ? await exchange.json('Send JSON-RPC.') : undefined;
    const id = exchange.request.headers['mcp-session-id'];
    if (typeof id === 'string') {
      const session = this.sessions.get(id);
      if (session === undefined)
        throw new HttpError(404, 'not_found', 'this session has ended', 'Begin a new one.');
      this.sessions.delete(id);
      this.sessions.set(id, session);
      return handle(session, exchange, body);
    }
    // Most clients leave without ending their session, so the quiet ones make room; those being answered are kept.
    if (this.sessions.size >= MAX_SESSIONS && this.quietest() === null)
      throw new HttpError(
        503,
        'busy',
        `all ${MAX_SESSIONS} sessions are being answered`,
        'Try again later, or end one.',
      );
    const session = await this.begin();
    try {
      await handle(session, exchange, body);
    } finally {
      if (this.sessions.size > MAX_SESSIONS) await this.quietest()?.server.close();
      // The request was not the beginning of a session.
      if (session.transport.sessionId === undefined) await session.server.close();
    }
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

/** Numbers of JSON-RPC. */
const PARSE_ERROR = -32_700;
const SERVER_ERROR = -32_000;

async function handle(session: Session, { request, response }: Exchange, body: unknown): Promise<void> {
  session.open++;
  response.once('close', () => session.open--);
  // Null for an empty body: without a value, the transport would wait for one.
  await session.transport.handleRequest(request, response, request.method === 'POST' ? (body ?? null) : body);
}
