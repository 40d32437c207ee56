import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { relayPath, stateDir } from '@streamlib/host-bridge';
import { type Exchange, HttpError, jsonErrors, ListenError, type Mount, WebServer } from '@streamlib/serve';
import { StreamlibError } from '../base/streamlib-error.js';
import type { Runtime } from '../engine/runtime.js';
import { Control } from './control.js';
import { ControlError, toControlError } from './control-error.js';
import type { Origin } from './operation.js';
import { removeRemains } from './remains.js';
import type { Services } from './services.js';

const LONGEST_BODY = 4 * 1024 * 1024;

/**
 * The token of a runtime: only those who can read this user's files may control this user's runtimes.
 *
 * @param runtimeId - The id of the runtime.
 */
export function controlTokenFile(runtimeId: string): string {
  return join(stateDir(), 'runtimes', `${runtimeId}.token`);
}

/** The control API of one runtime: HTTP over a socket file that only this user can open, with the runtime's token. */
export class ControlServer {
  /** Where it listens: `unix:` and the path of its socket. */
  readonly address: string;

  private constructor(
    private readonly runtime: Runtime,
    private readonly server: WebServer,
    /** The same operations, without the way over the socket. */
    readonly control: Control,
    private readonly services: Services,
  ) {
    this.address = server.url;
  }

  /**
   * To be called before the runtime starts, which tells the broker the address.
   *
   * @param runtime - The runtime that is asked.
   * @param services - From `openServices()`.
   * @throws {@link StreamlibError} `config` if the path of the socket would be too long.
   */
  static async open(runtime: Runtime, services: Services): Promise<ControlServer> {
    const socket = join(dirname(relayPath()), `runtime-${runtime.id}.sock`);
    await removeRemains(dirname(socket));
    const token = randomBytes(32).toString('base64url');
    const file = controlTokenFile(runtime.id);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // In the background: a runtime that has nothing else to do must not be kept by those who might ask.
    const server = await WebServer.open({ socket }, { keepAliveMs: 1000, background: true }).catch(
      (cause) => {
        throw cannotListen(cause);
      },
    );
    const control = new Control(runtime, services);
    server.mount(controlMount(control, token, file));
    // Only once it listens: a token whose socket does not answer is taken for one that a killed runtime left.
    writeFileSync(file, `${token}\n${socket}\n`, { mode: 0o600 });
    const opened = new ControlServer(runtime, server, control, services);
    runtime.apiAddress = opened.address;
    return opened;
  }

  /** Stops listening and removes socket and token. The runtime goes on. */
  async close(): Promise<void> {
    await this.server.close();
    this.control.close();
    // Its spare process is of no use to anybody else.
    await this.services.checker?.close?.();
    rmSync(controlTokenFile(this.runtime.id), { force: true });
  }
}

/** `POST /v1/<operation>` with `{input, origin, folders, devices, hosts}`; answers `{result}` or `{error}`. */
function controlMount(control: Control, token: string, tokenFile: string): Mount {
  return {
    path: '/',
    // No browser can reach a socket file.
    guard: {
      host: 'any',
      origin: 'any',
      token: { value: token, hint: `the first line of ${tokenFile} as a bearer token` },
    },
    maxBodyBytes: LONGEST_BODY,
    explain: toHttpError,
    // The codes of this API are those of `ControlError`.
    format: (error) =>
      jsonErrors(
        error.code in STATUS ? error : new HttpError(error.status, 'invalid', error.message, error.next),
      ),
    handle: async (exchange) => {
      const { method } = exchange.request;
      const name = /^\/v1\/([a-z_]+)$/.exec(exchange.path)?.[1];
      if (method !== 'POST' || name === undefined)
        throw new ControlError(
          'not_found',
          `no such resource: ${method} ${exchange.path}`,
          'POST to /v1/<operation>.',
        );
      const { signal } = exchange;
      const { input, ...how } = await readCall(exchange);
      const result = await control.call(name, input, { ...how, signal });
      exchange.sendJson(200, { result });
    },
  };
}

const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  denied: 403,
  not_found: 404,
  invalid: 400,
  code: 400,
  failed: 400,
  timeout: 504,
  internal: 500,
  unavailable: 501,
};

function toHttpError(thrown: unknown): HttpError {
  const { code, message, next, details } = toControlError(thrown);
  return new HttpError(STATUS[code] ?? 400, code, message, next, { details, cause: thrown });
}

function cannotListen(cause: unknown): unknown {
  if (!(cause instanceof ListenError)) return cause;
  const next =
    cause.code === 'path_too_long'
      ? 'set XDG_RUNTIME_DIR to a shorter one'
      : 'the runtime cannot be controlled without it; check XDG_RUNTIME_DIR';
  return new StreamlibError('config', `${cause.message}; ${next}`, { cause });
}

interface Call {
  readonly input: unknown;
  readonly origin: Origin;
  readonly folders: readonly string[];
  readonly devices?: readonly string[];
  readonly hosts?: readonly string[];
}

async function readCall(exchange: Exchange): Promise<Call> {
  const body = await exchange.json('Send {"input": {…}}.');
  const { input, origin, folders, devices, hosts } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Record<string, unknown>;
  const texts = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  // Only who says so is the user; everyone else is treated as an agent.
  return {
    input: input ?? {},
    origin: origin === 'user' ? 'user' : 'agent',
    folders: texts(folders),
    ...(devices !== undefined && { devices: texts(devices) }),
    hosts: texts(hosts),
  };
}
