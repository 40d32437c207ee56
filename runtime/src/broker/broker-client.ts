import { connectivityState, credentials, Metadata } from '@grpc/grpc-js';
import { BridgeError, brokerAddress, brokerToken, isBrokerAddressGiven } from '@streamlib/host-bridge';
import {
  BrokerServiceClient,
  type GetStatusResponse,
  type LiveConnection,
  type ProcessorReport,
  type RegisterRuntimeResponse,
} from '@streamlib/proto';
import { StreamlibError } from '../base/streamlib-error.js';
import { ChannelToken } from './channel-token.js';
import { ensureBroker } from './ensure-broker.js';
import type { AllocateRequest, CloseReason, RuntimeInfo } from './session.js';
import { isUnauthenticated, unary } from './unary.js';

const DEADLINE_MS = 5_000;
const PROBE_DEADLINE_MS = 1_000;
/** What is said on the way out must not keep anybody waiting. */
const FAREWELL_DEADLINE_MS = 1_000;

export interface Allocated {
  readonly connectionId: string;
  /** What the connection's client calls the broker with; empty where the broker asks for none. */
  readonly clientToken: string;
}

/** The calls that a runtime makes to the broker. Owns one channel. */
export class BrokerClient {
  private place: string;
  private grpc: BrokerServiceClient;
  private token: ChannelToken;
  /** Not told where the broker is, it goes where that of the state directory is. */
  private readonly follows: boolean;
  private readonly downListeners = new Set<() => void>();
  private watching = false;
  private closed = false;

  /**
   * @param address - Where the broker is; this environment's by default.
   */
  constructor(address?: string) {
    this.follows = address === undefined && !isBrokerAddressGiven();
    this.place = address ?? brokerAddress();
    this.grpc = openChannel(this.place);
    this.token = tokenOf(this.grpc, this.place);
  }

  /** Where the broker is: `host:port`, or `unix:` and a path. */
  get address(): string {
    return this.place;
  }

  /** A broker that found its port taken notes another one; while none answers at the old one, the new one is looked for. */
  private follow(): string {
    if (!this.follows || this.closed) return this.place;
    const now = brokerAddress();
    if (now === this.place) return now;
    this.grpc.close();
    this.place = now;
    this.grpc = openChannel(now);
    this.token = tokenOf(this.grpc, now);
    if (this.watching) this.watchChannel();
    return now;
  }

  /**
   * What the broker says of itself; null when none answers, `patient`: within a while. Never rejects.
   *
   * @param signal - Gives up when it aborts.
   * @param patient - Waits up to 5 s for one that is starting, instead of 1 s; false by default.
   */
  async status(signal?: AbortSignal, patient = false): Promise<GetStatusResponse | null> {
    try {
      return await this.ask(signal, patient);
    } catch {
      return null;
    }
  }

  /** As `status`; rejects when one answers that does not take the token, when there is none to send, and when it was stopped. */
  private async ask(signal?: AbortSignal, patient = false): Promise<GetStatusResponse | null> {
    const sent = this.token.get();
    try {
      const deadlineMs = patient ? DEADLINE_MS : PROBE_DEADLINE_MS;
      return await this.call('GetStatus', this.grpc.getStatus, {}, signal, deadlineMs, patient);
    } catch (error) {
      // Nobody was heard out: that is not to be taken for a broker that is away.
      if (signal?.aborted) throw error;
      // One that has just been started may have made its token after this call was given one.
      if (isUnauthenticated(error) && readToken(this.address) === sent) throw error;
      return null;
    }
  }

  /**
   * Starts a broker if none answers.
   *
   * @internal
   */
  async ensure(onProgress: (message: string) => void, signal: AbortSignal): Promise<void> {
    await ensureBroker({
      status: (stop, patient) => this.ask(stop, patient),
      address: () => this.follow(),
      movable: this.follows,
      onProgress,
      signal,
    });
  }

  /**
   * Makes a runtime known, with its connections and processors.
   *
   * @internal
   */
  registerRuntime(
    info: RuntimeInfo,
    connections: LiveConnection[],
    processors: ProcessorReport[],
    signal: AbortSignal,
  ): Promise<RegisterRuntimeResponse> {
    const request = {
      runtimeId: info.id,
      name: info.name,
      pid: info.pid,
      apiAddress: info.apiAddress,
      logFile: info.logFile,
      version: info.version,
      connections,
      processors,
    };
    return this.call('RegisterRuntime', this.grpc.registerRuntime, request, signal);
  }

  /**
   * Says that a runtime ends.
   *
   * @internal
   */
  async unregisterRuntime(runtimeId: string): Promise<void> {
    await this.call(
      'UnregisterRuntime',
      this.grpc.unregisterRuntime,
      { runtimeId },
      undefined,
      FAREWELL_DEADLINE_MS,
    );
  }

  /**
   * `patient`: waits for a broker that is away, and asks it in the moment that it is back.
   *
   * @internal
   */
  async heartbeat(runtimeId: string, signal: AbortSignal, patient = false): Promise<void> {
    const deadlineMs = patient ? PROBE_DEADLINE_MS : DEADLINE_MS;
    const request = { runtimeId, processors: [] };
    await this.call('Heartbeat', this.grpc.heartbeat, request, signal, deadlineMs, patient);
  }

  /**
   * Asks for the id of a new connection.
   *
   * @internal
   */
  async allocateConnection(
    runtimeId: string,
    request: AllocateRequest,
    signal: AbortSignal,
  ): Promise<Allocated> {
    const response = await this.call(
      'AllocateConnection',
      this.grpc.allocateConnection,
      {
        runtimeId,
        processorId: request.processorId,
        processorName: request.processorId,
        schemasJson: request.schemas,
        kind: request.kind,
        timeoutSecs: 0,
        hostPid: process.pid,
      },
      signal,
    );
    return { connectionId: response.connectionId, clientToken: response.clientToken };
  }

  /**
   * A step of the handshake: the host is there.
   *
   * @internal
   */
  async hostAlive(connectionId: string, signal: AbortSignal): Promise<void> {
    await this.call('HostAlive', this.grpc.hostAlive, { connectionId, pid: process.pid }, signal);
  }

  /**
   * A step of the handshake: the endpoint can be fetched.
   *
   * @internal
   */
  async hostXpcReady(connectionId: string, signal: AbortSignal): Promise<void> {
    await this.call('HostXpcReady', this.grpc.hostXpcReady, { connectionId }, signal);
  }

  /**
   * A step of the handshake: the client has connected.
   *
   * @internal
   */
  async reportChannelUp(connectionId: string, clientPid: number, signal: AbortSignal): Promise<void> {
    await this.call('ReportChannelUp', this.grpc.reportChannelUp, { connectionId, clientPid }, signal);
  }

  /**
   * A step of the handshake: bytes have crossed in both directions.
   *
   * @internal
   */
  async markAcked(connectionId: string, signal: AbortSignal): Promise<void> {
    await this.call('MarkAcked', this.grpc.markAcked, { connectionId, side: 'host' }, signal);
  }

  /**
   * How far the client's side of a handshake is.
   *
   * @internal
   */
  async clientStatus(connectionId: string): Promise<string> {
    const answer = await this.call(
      'GetClientStatus',
      this.grpc.getClientStatus,
      { connectionId },
      undefined,
      PROBE_DEADLINE_MS,
    );
    return answer.clientState;
  }

  /**
   * Ends a connection, with the reason.
   *
   * @internal
   */
  async closeConnection(connectionId: string, why: CloseReason): Promise<void> {
    const request = { connectionId, reason: why.reason, detail: why.detail ?? '', side: why.side ?? '' };
    await this.call('CloseConnection', this.grpc.closeConnection, request, undefined, FAREWELL_DEADLINE_MS);
  }

  /**
   * Tells the state of a node's Python process.
   *
   * @internal
   */
  async reportProcessor(runtimeId: string, processor: ProcessorReport, signal: AbortSignal): Promise<void> {
    await this.call('ReportProcessor', this.grpc.reportProcessor, { runtimeId, processor }, signal);
  }

  /**
   * Calls back each time the channel goes down, so that a lost broker is noticed without waiting for a heartbeat. Returns what
   * ends that.
   *
   * @internal
   */
  onDown(down: () => void): () => void {
    // Several may pass the same function.
    const listener = () => down();
    this.downListeners.add(listener);
    if (!this.watching) this.watchChannel();
    return () => this.downListeners.delete(listener);
  }

  /** Gives the channel back. */
  close(): void {
    this.closed = true;
    this.downListeners.clear();
    this.grpc.close();
  }

  private watchChannel(): void {
    this.watching = true;
    const channel = this.grpc.getChannel();
    const watch = (from: connectivityState) => {
      if (this.closed) return;
      channel.watchConnectivityState(from, Number.POSITIVE_INFINITY, (error) => {
        if (this.closed || error) return;
        const now = channel.getConnectivityState(false);
        if (from === connectivityState.READY) for (const listener of [...this.downListeners]) listener();
        watch(now);
      });
    };
    watch(channel.getConnectivityState(false));
  }

  private async call<Request, Response>(
    name: string,
    method: Parameters<typeof unary<Request, Response>>[1],
    request: Request,
    signal?: AbortSignal,
    deadlineMs = DEADLINE_MS,
    waitForReady = false,
  ): Promise<Response> {
    if (this.grpc.getChannel().getConnectivityState(false) !== connectivityState.READY) this.follow();
    return unary(name, method.bind(this.grpc), request, metadata(this.token.get(), waitForReady), {
      deadlineMs,
      ...(signal && { signal }),
    });
  }
}

function openChannel(address: string): BrokerServiceClient {
  return new BrokerServiceClient(address, credentials.createInsecure(), {
    // A broker that was restarted is found again at once: to be refused by a port of this machine costs next to nothing.
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 100,
    // A proxy that is meant for the web must not get between processes of one machine.
    'grpc.enable_http_proxy': 0,
  });
}

function tokenOf(grpc: BrokerServiceClient, address: string): ChannelToken {
  const channel = grpc.getChannel();
  return new ChannelToken(() => readToken(address), {
    isUp: () => channel.getConnectivityState(false) === connectivityState.READY,
    whenDown: (tell) =>
      channel.watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, tell),
  });
}

/** One that cannot be sent is a mistake in the settings: to look further, or to start a broker, would not help. */
function readToken(address: string): string | null {
  try {
    return brokerToken(address);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'bad_token') throw error;
    throw new StreamlibError('config', error.message, { cause: error });
  }
}

function metadata(token: string | null, waitForReady: boolean): Metadata {
  const headers = new Metadata({ waitForReady });
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return headers;
}
