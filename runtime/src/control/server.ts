import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { relayPath, stateDir } from '@streamlib/host-bridge';
import { StreamlibError } from '../base/streamlib-error.js';
import type { Runtime } from '../engine/runtime.js';
import { Control } from './control.js';
import { ControlError, toControlError } from './control-error.js';
import type { Origin } from './operation.js';
import { removeRemains } from './remains.js';
import type { Services } from './services.js';

/** What the system has room for; Node cuts a longer one off, and listens in another place. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;
const LONGEST_BODY = 4 * 1024 * 1024;

/** The token of a runtime: who can read this user's files may control this user's runtimes, nobody else. */
export function controlTokenFile(runtimeId: string): string {
  return join(stateDir(), 'runtimes', `${runtimeId}.token`);
}

/** The control API of one runtime: HTTP over a socket file that only this user can open, with the runtime's token. */
export class ControlServer {
  readonly address: string;
  readonly control: Control;

  private constructor(
    private readonly runtime: Runtime,
    private readonly server: Server,
    private readonly path: string,
    private readonly token: string,
    private readonly services: Services,
  ) {
    this.address = `unix:${path}`;
    this.control = new Control(runtime, services);
    server.on('request', (request, response) => void this.answer(request, response));
  }

  /** To be called before the runtime starts, which tells the broker the address. */
  static async open(runtime: Runtime, services: Services): Promise<ControlServer> {
    const path = join(dirname(relayPath()), `runtime-${runtime.id}.sock`);
    await removeRemains(dirname(path));
    const token = randomBytes(32).toString('base64url');
    const file = controlTokenFile(runtime.id);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (Buffer.byteLength(path) > LONGEST_PATH)
      throw new StreamlibError(
        'config',
        `${path} is longer than a socket's path may be (${LONGEST_PATH} bytes); set XDG_RUNTIME_DIR to a shorter one`,
      );
    const server = createServer({ keepAliveTimeout: 1000 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    // When somebody listens: a token whose socket is dead is taken for what was left behind.
    writeFileSync(file, `${token}\n${path}\n`, { mode: 0o600 });
    // A runtime that has nothing else to do must not be kept by those who might ask.
    server.unref();
    const opened = new ControlServer(runtime, server, path, token, services);
    runtime.apiAddress = opened.address;
    return opened;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
    this.control.close();
    // Its spare process is of no use to anybody else.
    await this.services.checker?.close?.();
    rmSync(this.path, { force: true });
    rmSync(controlTokenFile(this.runtime.id), { force: true });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      if (!this.isKnown(request.headers.authorization))
        throw new ControlError(
          'unauthorized',
          'the token is missing or wrong',
          `Send the first line of ${controlTokenFile(this.runtime.id)} as a bearer token.`,
        );
      const name = /^\/v1\/([a-z_]+)$/.exec(request.url ?? '')?.[1];
      if (request.method !== 'POST' || name === undefined)
        throw new ControlError(
          'not_found',
          `${request.method} ${request.url} is nothing here`,
          'POST to /v1/<operation>.',
        );
      const { input, origin, folders } = await readBody(request);
      const result = await this.control.call(name, input, { origin, folders, signal: gone.signal });
      send(response, 200, { result });
    } catch (thrown) {
      const error = toControlError(thrown);
      send(response, STATUS[error.code] ?? 400, { error });
    }
  }

  private isKnown(header: string | undefined): boolean {
    const given = Buffer.from(header ?? '');
    const wanted = Buffer.from(`Bearer ${this.token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  denied: 403,
  not_found: 404,
  timeout: 504,
  internal: 500,
  unavailable: 501,
};

interface Body {
  readonly input: unknown;
  readonly origin: Origin;
  readonly folders: readonly string[];
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > LONGEST_BODY)
      throw new ControlError(
        'invalid',
        `the request is longer than ${LONGEST_BODY} bytes`,
        'Send less at once.',
      );
    chunks.push(chunk as Buffer);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    throw new ControlError('invalid', 'the request is no JSON', 'Send {"input": {…}}.');
  }
  const { input, origin, folders } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const granted = Array.isArray(folders) ? folders.filter((folder) => typeof folder === 'string') : [];
  // Whoever does not say that he is the user himself is treated as if he were not.
  return { input: input ?? {}, origin: origin === 'user' ? 'user' : 'agent', folders: granted };
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
