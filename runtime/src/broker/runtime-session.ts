import { setMaxListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import type { Endpoint } from '@streamlib/host-bridge';
import type { LiveConnection, ProcessorReport } from '@streamlib/proto';
import type { Logger } from '../base/log/logger.js';
import { toError } from '../base/streamlib-error.js';
import { BackOff } from './back-off.js';
import type { BrokerClient } from './broker-client.js';
import type { BrokerChannel } from './channels.js';
import { storeEndpoint } from './relay-client.js';
import type { AllocateRequest, BrokerSession, CloseReason, ProcessorStatus, RuntimeInfo } from './session.js';
import { BrokerRefusal, isNotFound, isOutOfOrder, isUnavailable } from './unary.js';

export interface SessionOptions {
  readonly log: Logger;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What a broker that comes back has to be told of a connection. */
interface OpenConnection {
  readonly request: AllocateRequest;
  readonly clientToken: string;
  readonly onLost: (reason: string) => void;
  readonly createdAtMs: number;
  hostAcked: boolean;
  clientAcked: boolean;
  clientPid: number;
  readyAtMs: number;
  /** Once the endpoint has been handed over and until the client has come. */
  endpoint: (() => Endpoint) | null;
}

const RETRY_FIRST_MS = 20;
const RETRY_CAP_MS = 200;
/** A new handshake waits this long for a broker to come back by itself, for example one that is being restarted. */
const BEFORE_STARTING_ONE_MS = 3_000;

/** Registers a runtime. The channel belongs to the session from here on, also when this rejects. */
export async function openSession(
  info: RuntimeInfo,
  channel: BrokerChannel,
  options: SessionOptions,
): Promise<BrokerSession> {
  const session = new RuntimeSession(info, channel, options);
  try {
    await session.begin(options.signal);
  } catch (error) {
    await session.end();
    throw error;
  }
  return session;
}

/**
 * Keeps this runtime known to the broker. Ready connections flow without it, so its loss is told once, quietly waited out,
 * and made up for: the runtime registers again with its connections, and handshakes that were under way go on.
 */
class RuntimeSession implements BrokerSession {
  private readonly connections = new Map<string, OpenConnection>();
  private readonly statuses = new Map<string, ProcessorReport>();
  private readonly abort = new AbortController();
  private readonly client: BrokerClient;
  private readonly log: Logger;
  private stopWatching = () => {};
  private timer: NodeJS.Timeout | null = null;
  private leaseMs = 30_000;
  private lost = false;
  private registered = false;
  /** How often a broker has been told of this runtime. */
  private registrations = 0;
  /** Under way while the registration is being restored; steps that found no broker wait for it. */
  private restoring: Promise<void> | null = null;

  constructor(
    private readonly info: RuntimeInfo,
    private readonly channel: BrokerChannel,
    private readonly options: SessionOptions,
  ) {
    this.log = options.log;
    this.client = channel.client;
    // Each call that is under way listens, and there may be any number of them.
    setMaxListeners(0, this.abort.signal);
  }

  async begin(signal: AbortSignal): Promise<void> {
    await this.startBroker(signal);
    await this.register();
    this.stopWatching = this.client.onDown(() => this.checkRegistration());
  }

  get address(): string {
    return this.client.address;
  }

  async allocate(
    request: AllocateRequest,
    onLost: (reason: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { connectionId: id, clientToken } = await this.patiently(signal, () =>
      this.client.allocateConnection(this.info.id, request, signal),
    );
    this.connections.set(id, {
      request,
      clientToken,
      onLost,
      createdAtMs: Date.now(),
      hostAcked: false,
      clientAcked: false,
      clientPid: 0,
      readyAtMs: 0,
      endpoint: null,
    });
    return id;
  }

  clientToken(connectionId: string): string {
    return this.connections.get(connectionId)?.clientToken ?? '';
  }

  hostAlive(connectionId: string, signal: AbortSignal): Promise<void> {
    return this.patiently(signal, () => this.client.hostAlive(connectionId, signal));
  }

  async publishEndpoint(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    const connection = this.connections.get(connectionId);
    const clientIsHere = () => connection !== undefined && connection.clientPid !== 0;
    await this.patiently(signal, async () => {
      // A broker that came back has not seen what the endpoint was for; it is of no use to anybody any more.
      if (clientIsHere()) return;
      try {
        await this.store(connectionId, endpoint, signal);
      } catch (error) {
        if (isUnavailable(error) || !clientIsHere()) throw error;
      }
    });
    if (connection !== undefined && connection.clientPid === 0) connection.endpoint = endpoint;
  }

  channelUp(connectionId: string, clientPid: number): void {
    const connection = this.connections.get(connectionId);
    if (connection !== undefined) {
      connection.clientPid = clientPid;
      connection.endpoint = null;
    }
    this.tell(this.client.reportChannelUp(connectionId, clientPid, this.abort.signal));
  }

  async markAcked(connectionId: string, signal: AbortSignal): Promise<void> {
    const connection = this.connections.get(connectionId);
    await this.patiently(signal, async () => {
      try {
        await this.client.markAcked(connectionId, signal);
      } catch (error) {
        if (!isOutOfOrder(error) || connection === undefined) throw error;
        // Told before the channel stood, a broker that came back knows of no client: once more.
        await this.client.reportChannelUp(connectionId, connection.clientPid, signal);
        await this.client.markAcked(connectionId, signal);
      }
    });
    if (connection !== undefined) connection.hostAcked = true;
  }

  clientAcked(connectionId: string): void {
    const connection = this.connections.get(connectionId);
    if (connection === undefined) return;
    connection.clientAcked = true;
    connection.readyAtMs = Date.now();
  }

  async clientState(connectionId: string): Promise<string> {
    try {
      return await this.client.clientStatus(connectionId);
    } catch (error) {
      return `unknown (${toError(error).message})`;
    }
  }

  async close(connectionId: string, why: CloseReason): Promise<void> {
    if (!this.connections.delete(connectionId)) return;
    try {
      await this.client.closeConnection(connectionId, why);
    } catch (error) {
      this.log.debug('the broker was not told that a connection is closed', {
        connection_id: connectionId,
        error: toError(error),
      });
    }
  }

  report(status: ProcessorStatus): void {
    const processor: ProcessorReport = {
      processorId: status.processorId,
      name: status.processorId,
      kind: status.kind,
      state: status.state,
      pid: status.pid ?? 0,
      restarts: status.restarts,
      connectionId: status.connectionId ?? '',
      lastError: status.lastError ?? '',
    };
    // Only one that is taken out of the graph is stopped: the broker drops it, and one that comes back is not told of it.
    if (status.state === 'stopped') this.statuses.delete(status.processorId);
    else this.statuses.set(status.processorId, processor);
    if (this.registered) this.tell(this.client.reportProcessor(this.info.id, processor, this.abort.signal));
  }

  async end(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.stopWatching();
    this.abort.abort();
    await this.restoring;
    await Promise.all([...this.connections.keys()].map((id) => this.close(id, { reason: 'shutdown' })));
    if (this.registered) {
      try {
        await this.client.unregisterRuntime(this.info.id);
      } catch (error) {
        this.log.debug('the broker was not told that this runtime ends', { error: toError(error) });
      }
    }
    this.channel.release();
  }

  private async store(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    const handle = endpoint();
    try {
      if ((await storeEndpoint(connectionId, handle)) === 'connection_not_found') {
        throw new BrokerRefusal(
          status.NOT_FOUND,
          `the broker does not know connection ${connectionId} any more`,
        );
      }
    } finally {
      handle.close();
    }
    await this.client.hostXpcReady(connectionId, signal);
  }

  /** Repeats a step of a handshake until a broker has answered it, one way or the other. */
  private async patiently<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_CAP_MS);
    const since = performance.now();
    let forgivenAt = -1;
    for (;;) {
      let forgotten = false;
      try {
        return await step();
      } catch (error) {
        // NOT_FOUND may come from a broker that has come back and not been told yet; when it has been, it is an answer.
        forgotten = isNotFound(error) && forgivenAt !== this.registrations;
        if ((!isUnavailable(error) && !forgotten) || signal.aborted) throw error;
        if (forgotten) forgivenAt = this.registrations;
      }
      this.checkRegistration();
      // Whichever is first: it has been restored, or it is time to look again. One that knows nothing has to be told first.
      const pause = backOff.wait(signal, true);
      const restored = this.restoring ?? pause;
      await (forgotten ? Promise.all([pause, restored]) : Promise.race([pause, restored]));
      if (this.lost && performance.now() - since > BEFORE_STARTING_ONE_MS) await this.startBroker(signal);
    }
  }

  private startBroker(signal: AbortSignal): Promise<void> {
    return this.channel.ensure(this.options.onProgress, signal);
  }

  private async register(): Promise<void> {
    const { leaseSecs, rejectedConnections, adoptedConnectionIds } = await this.client.registerRuntime(
      this.info,
      [...this.connections].map(([id, connection]) => liveConnection(id, connection)),
      [...this.statuses.values()],
      this.abort.signal,
    );
    this.leaseMs = Math.max(1_000, leaseSecs * 1_000);
    this.registered = true;
    this.registrations++;
    this.lost = false;
    for (const { connectionId, reason } of rejectedConnections) this.drop(connectionId, reason);
    // Ended while they were told of: the broker that has just taken them over has not heard of that.
    for (const id of adoptedConnectionIds)
      if (!this.connections.has(id)) this.tell(this.client.closeConnection(id, { reason: 'finished' }));
    this.beatLater();
  }

  private drop(connectionId: string, reason: string): void {
    const connection = this.connections.get(connectionId);
    if (connection === undefined) return;
    this.connections.delete(connectionId);
    // A ready connection needs no broker: it flows on, only nobody sees it there any more.
    if (connection.readyAtMs === 0) connection.onLost(reason);
    else
      this.log.warn(`the broker would not take over a connection that is ready: ${reason}`, {
        connection_id: connectionId,
      });
  }

  private beatLater(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.abort.signal.aborted) return;
    this.timer = setTimeout(() => this.checkRegistration(), this.leaseMs / 3);
    this.timer.unref();
  }

  /** Asks the broker whether it knows this runtime and, if it doesn't, or isn't there, sees to it that it will. */
  private checkRegistration(): void {
    if (this.abort.signal.aborted || this.restoring !== null) return;
    this.restoring = this.restore()
      .catch((error: unknown) => {
        if (!this.abort.signal.aborted) this.log.error('registering again failed', { error: toError(error) });
      })
      .finally(() => {
        this.restoring = null;
        this.beatLater();
      });
  }

  private async restore(): Promise<void> {
    const { signal } = this.abort;
    const backOff = new BackOff(RETRY_FIRST_MS, RETRY_CAP_MS);
    const since = performance.now();
    for (;;) {
      try {
        if (await this.isKnown()) {
          if (this.lost) this.log.info('the broker answers again');
          this.lost = false;
          return;
        }
        await this.register();
        this.log.info('registered again with the broker', { connections: this.connections.size });
        await this.takeUpHandshakes();
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        if (!this.lost) {
          this.log.warn(
            `the broker at ${this.address} is gone; connections that are ready keep working, new ones wait for it`,
          );
        }
        this.lost = true;
      }
      // A client in the middle of its handshake asks the broker by itself, so no step of this side's would start one for it.
      const waiting = [...this.connections.values()].some(({ readyAtMs }) => readyAtMs === 0);
      await backOff.wait(signal, waiting);
      if (waiting && performance.now() - since > BEFORE_STARTING_ONE_MS)
        await this.startBroker(signal).catch((error: unknown) => {
          this.log.debug('no broker could be started', { error: toError(error) });
        });
    }
  }

  private async isKnown(): Promise<boolean> {
    try {
      await this.client.heartbeat(this.info.id, this.abort.signal, this.lost);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** Puts the handshakes that the broker's end interrupted back to where they were. */
  private async takeUpHandshakes(): Promise<void> {
    const { signal } = this.abort;
    for (const [id, { endpoint, readyAtMs }] of this.connections) {
      if (readyAtMs !== 0 || endpoint === null) continue;
      try {
        await this.client.hostAlive(id, signal);
        await this.store(id, endpoint, signal);
      } catch (error) {
        if (isUnavailable(error)) throw error;
        this.log.warn('a handshake could not be taken up again', {
          connection_id: id,
          error: toError(error),
        });
      }
    }
  }

  /** For what only people look at: it may fail without anybody being told. */
  private tell(told: Promise<void>): void {
    told.catch((error: unknown) => this.log.debug('the broker was not told', { error: toError(error) }));
  }
}

function liveConnection(connectionId: string, connection: OpenConnection): LiveConnection {
  const { request } = connection;
  const clientHere = connection.clientPid !== 0;
  return {
    connectionId,
    processorId: request.processorId,
    processorName: request.processorId,
    kind: request.kind,
    hostState: connection.hostAcked ? 'acked' : clientHere ? 'xpc_ready' : 'alive',
    clientState: connection.clientAcked ? 'acked' : clientHere ? 'xpc_endpoint_received' : 'pending',
    schemasJson: request.schemas,
    timeoutSecs: 0,
    hostPid: process.pid,
    clientPid: connection.clientPid,
    createdAtMs: connection.createdAtMs,
    readyAtMs: connection.readyAtMs,
  };
}
