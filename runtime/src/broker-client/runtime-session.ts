import { brokerAddress, type Endpoint } from '@streamlib/host-bridge';
import { StreamlibError, toError } from '../errors/streamlib-error.js';
import type { Logger } from '../log/logger.js';
import { BackOff } from './back-off.js';
import { ensureBroker } from './ensure-broker.js';
import { storeEndpoint } from './relay-client.js';
import type { BrokerRpc, LiveConnection } from './rpc.js';
import type { BrokerSession, RuntimeInfo } from './session.js';
import { isUnavailable } from './unary.js';

export interface SessionOptions {
  readonly rpc: BrokerRpc;
  readonly log: Logger;
  readonly onProgress: (message: string) => void;
}

interface OpenConnection {
  readonly processorId: string;
  readonly schemas: string;
  ready: boolean;
  /** Set once the endpoint has been handed over; stored anew with a broker that comes back before the client came. */
  endpoint: (() => Endpoint) | null;
}

const RETRY_FIRST_MS = 50;
const RETRY_CAP_MS = 1_000;
/** A new handshake waits this long for a broker to come back by itself, for example one that is being restarted. */
const BEFORE_STARTING_ONE_MS = 3_000;

/**
 * Keeps this runtime known to the broker. Ready connections flow without it, so its loss is told once, quietly waited out,
 * and made up for: the runtime registers again with its connections, and handshakes that were under way go on.
 */
export class RuntimeSession implements BrokerSession {
  private readonly connections = new Map<string, OpenConnection>();
  private readonly abort = new AbortController();
  private readonly rpc: BrokerRpc;
  private readonly log: Logger;
  private timer: NodeJS.Timeout | null = null;
  private leaseMs = 30_000;
  private lost = false;
  /** Running while the standing is being restored; callers that found nobody wait for it. */
  private restoring: Promise<void> | null = null;
  private starting: Promise<void> | null = null;

  private constructor(
    private readonly info: RuntimeInfo,
    private readonly options: SessionOptions,
  ) {
    this.rpc = options.rpc;
    this.log = options.log;
  }

  static async open(
    info: RuntimeInfo,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<RuntimeSession> {
    const session = new RuntimeSession(info, options);
    const abort = () => session.abort.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await session.startBroker(signal);
      await session.register();
    } catch (error) {
      await session.end();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    session.rpc.onChannelChange((up) => {
      if (!up) session.checkStanding();
    });
    return session;
  }

  get address(): string {
    return brokerAddress();
  }

  async allocate(processorId: string, schemas: string, signal: AbortSignal): Promise<string> {
    const id = await this.patiently(signal, () =>
      this.rpc.allocateConnection(this.info.id, processorId, schemas, signal),
    );
    this.connections.set(id, { processorId, schemas, ready: false, endpoint: null });
    return id;
  }

  hostAlive(connectionId: string, signal: AbortSignal): Promise<void> {
    return this.patiently(signal, () => this.rpc.hostAlive(connectionId, signal));
  }

  async publishEndpoint(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    await this.patiently(signal, () => this.store(connectionId, endpoint, signal));
    const connection = this.connections.get(connectionId);
    if (connection !== undefined) connection.endpoint = endpoint;
  }

  async markAcked(connectionId: string, signal: AbortSignal): Promise<void> {
    await this.patiently(signal, () => this.rpc.markAcked(connectionId, signal));
    const connection = this.connections.get(connectionId);
    if (connection === undefined) return;
    connection.ready = true;
    connection.endpoint = null;
  }

  async clientState(connectionId: string): Promise<string> {
    try {
      return await this.rpc.clientStatus(connectionId, this.abort.signal);
    } catch (error) {
      return `unknown (${toError(error).message})`;
    }
  }

  async close(connectionId: string, reason: string): Promise<void> {
    if (!this.connections.delete(connectionId)) return;
    try {
      await this.rpc.closeConnection(connectionId, reason);
    } catch (error) {
      this.log.debug('the broker was not told that a connection is closed', {
        connection: connectionId,
        error: toError(error),
      });
    }
  }

  async end(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.abort.abort();
    await this.restoring?.catch(() => {});
    await Promise.all([...this.connections.keys()].map((id) => this.close(id, 'shutdown')));
    try {
      await this.rpc.unregisterRuntime(this.info.id);
    } catch (error) {
      this.log.debug('the broker was not told that this runtime ends', { error: toError(error) });
    }
    this.rpc.close();
  }

  private async store(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    const handle = endpoint();
    try {
      const result = await storeEndpoint(connectionId, handle);
      if (result === 'connection_not_found') {
        throw new StreamlibError(
          'broker_refused',
          `the broker does not know connection ${connectionId} any more`,
        );
      }
    } finally {
      handle.close();
    }
    await this.rpc.hostXpcReady(connectionId, signal);
  }

  /** Repeats a step of a handshake until a broker has answered it, one way or the other. */
  private async patiently<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_CAP_MS);
    const since = performance.now();
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!isUnavailable(error) || signal.aborted) throw error;
      }
      this.checkStanding();
      await backOff.wait(signal);
      if (performance.now() - since > BEFORE_STARTING_ONE_MS) await this.startBroker(signal);
      // A broker that came back has to know the connection before the step can make sense to it.
      await this.restoring;
    }
  }

  private async startBroker(signal: AbortSignal): Promise<void> {
    this.starting ??= ensureBroker({
      answers: (stop) => this.rpc.answers(stop),
      address: this.rpc.address,
      onProgress: this.options.onProgress,
      signal,
    }).finally(() => {
      this.starting = null;
    });
    await this.starting;
  }

  private async register(): Promise<void> {
    const known: LiveConnection[] = [...this.connections].map(
      ([connectionId, { processorId, schemas, ready }]) => ({
        connectionId,
        processorId,
        schemas,
        ready,
      }),
    );
    const leaseSecs = await this.rpc.registerRuntime(this.info, known, this.abort.signal);
    this.leaseMs = Math.max(1_000, leaseSecs * 1_000);
    this.lost = false;
    this.beatLater();
  }

  private beatLater(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.abort.signal.aborted) return;
    this.timer = setTimeout(() => this.checkStanding(), this.leaseMs / 3);
    this.timer.unref();
  }

  /** Asks the broker whether it knows this runtime, and if it doesn't, or isn't there, sees to it that it will. */
  private checkStanding(): void {
    if (this.abort.signal.aborted) return;
    this.restoring ??= this.restore()
      .catch((error: unknown) => {
        if (!this.abort.signal.aborted) this.log.error('registering again failed', { error: toError(error) });
      })
      .finally(() => {
        this.restoring = null;
        this.beatLater();
      });
  }

  private async restore(): Promise<void> {
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_CAP_MS);
    for (;;) {
      try {
        if (await this.rpc.heartbeat(this.info.id, this.abort.signal)) {
          this.lost = false;
          return;
        }
        await this.register();
        this.log.info('registered again with the broker', { connections: this.connections.size });
        await this.takeUpHandshakes();
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        if (!this.lost)
          this.log.warn(
            `the broker at ${this.rpc.address} is gone; connections that are ready go on, new ones wait for it`,
          );
        this.lost = true;
      }
      await backOff.wait(this.abort.signal);
    }
  }

  /** Puts the handshakes that the broker's end interrupted back to where they were. */
  private async takeUpHandshakes(): Promise<void> {
    const { signal } = this.abort;
    for (const [id, connection] of this.connections) {
      if (connection.ready) continue;
      try {
        await this.rpc.hostAlive(id, signal);
        if (connection.endpoint !== null) await this.store(id, connection.endpoint, signal);
      } catch (error) {
        if (isUnavailable(error)) throw error;
        this.log.warn('a handshake could not be taken up again', { connection: id, error: toError(error) });
      }
    }
  }
}
