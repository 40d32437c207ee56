import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  type Connection,
  connectEndpoint,
  connectNamed,
  type Endpoint,
  Listener,
  relayPath,
  type Schema,
} from '@streamlib/host-bridge';
import { BrokerServiceClient } from '@streamlib/proto';
import type { HandshakeBroker } from '../../runtime/src/broker/session.js';

const schema: Schema = { name: 'Number', fields: [{ name: 'value', type: 'Int64' }] };
const port = { name: 'numbers', schema };
const schemas = JSON.stringify({ inputs: { numbers: schema }, outputs: { numbers: schema } });
const ping = new Uint8Array([0x53, 0x4c, 0x50]);
const pong = new Uint8Array([0x53, 0x4c, 0x41]);

const clientPatienceMs = 60_000;

/** Calls of clients; one channel for all of them. */
export class ClientCalls {
  private readonly grpc: BrokerServiceClient;

  constructor(address: string) {
    this.grpc = new BrokerServiceClient(address, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.min_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 100,
    });
  }

  close(): void {
    this.grpc.close();
  }

  once(
    name: 'clientAlive' | 'getSchema' | 'markAcked',
    connectionId: string,
    token: string,
  ): Promise<unknown> {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const request = { connectionId, pid: process.pid, side: 'client' };
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, response: unknown) =>
        error === null ? resolve(response) : reject(error);
      const options = { deadline: Date.now() + 5_000 };
      if (name === 'clientAlive') this.grpc.clientAlive(request, metadata, options, answer);
      else if (name === 'getSchema') this.grpc.getSchema(request, metadata, options, answer);
      else this.grpc.markAcked(request, metadata, options, answer);
    });
  }
}

/** As the Python side has it: a broker that is away, or knows nothing yet, is waited for; what it refuses is final. */
async function patiently<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  for (const since = performance.now(); ; await pause(20)) {
    try {
      return await attempt();
    } catch (error) {
      const { code } = error as { code?: unknown };
      const waits = [status.UNAVAILABLE, status.NOT_FOUND, status.DEADLINE_EXCEEDED, 'away'].includes(
        code as status,
      );
      if (!waits || performance.now() - since > clientPatienceMs)
        throw new Error(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
}

class Away extends Error {
  readonly code = 'away';
}

function askRelay(connectionId: string): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    let relay: Connection;
    try {
      relay = connectNamed(relayPath());
    } catch {
      reject(new Away('no relay'));
      return;
    }
    relay.onControl = (message, endpoint) => {
      relay.close();
      if (endpoint !== null) resolve(endpoint);
      else reject(new Away(String(message.reason ?? message.error)));
    };
    relay.onClose = () => reject(new Away('the relay left'));
    relay.start();
    relay.sendControl({ type: 'get_endpoint', connection_id: connectionId });
  });
}

/**
 * A host and its client in one process, without Python: the whole handshake over the real broker, then numbers over the direct
 * channel, each of them counted at its end.
 */
export class FakePair {
  sent = 0;
  received = 0;
  echoed = 0;
  gaps = 0;
  closed: string | null = null;
  private listener: Listener | null = null;
  private host: Connection | null = null;
  private client: Connection | null = null;
  private clientWasClosed = false;

  private constructor(
    private readonly broker: HandshakeBroker,
    readonly id: string,
  ) {}

  static async open(broker: HandshakeBroker, calls: ClientCalls, name: string): Promise<FakePair> {
    const never = new AbortController().signal;
    const id = await broker.allocate(
      { processorId: name, kind: 'reactive', schemas },
      (reason) => {
        throw new Error(`connection ${id} was lost: ${reason}`);
      },
      never,
    );
    const pair = new FakePair(broker, id);
    await Promise.all([pair.beHost(never), pair.beClient(calls)]);
    return pair;
  }

  /** One number more. False: the socket is full. */
  send(): boolean {
    if (this.host === null || !this.host.sendFrame(0, this.sent, { value: BigInt(this.sent) })) return false;
    this.sent++;
    return true;
  }

  get settled(): boolean {
    return this.sent === this.received && this.received === this.echoed;
  }

  async close(): Promise<void> {
    this.clientWasClosed = true;
    this.client?.close();
    this.host?.close();
    this.listener?.close();
    await this.broker.close(this.id, { reason: 'finished' });
  }

  private beHost(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = Listener.anonymous();
      this.listener = listener;
      let acks = 0;
      const acked = () => {
        acks++;
        if (acks === 2) resolve();
      };
      listener.onConnection = (connection) => {
        this.host = connection;
        connection.definePorts({ inputs: [port], outputs: [port] });
        connection.onControl = (message) => {
          if (message.type === 'pong') this.broker.markAcked(this.id, signal).then(acked, reject);
          if (message.type !== 'acked') return;
          this.broker.clientAcked(this.id);
          acked();
        };
        connection.onFrame = (_port, _id, { value }) => {
          if (Number(value) !== this.echoed) this.gaps++;
          this.echoed = Number(value) + 1;
        };
        connection.onClose = ({ message }) => {
          if (!this.clientWasClosed) this.closed = message;
        };
        connection.start();
        this.broker.channelUp(this.id, process.pid);
        connection.sendControl({ type: 'ping', bytes: ping });
      };
      this.broker
        .hostAlive(this.id, signal)
        .then(() => this.broker.publishEndpoint(this.id, () => listener.endpoint(), signal))
        .catch(reject);
    });
  }

  private async beClient(calls: ClientCalls): Promise<void> {
    const token = this.broker.clientToken(this.id);
    await patiently('ClientAlive', () => calls.once('clientAlive', this.id, token));
    const endpoint = await patiently('get_endpoint', () => askRelay(this.id));
    const connection = connectEndpoint(endpoint);
    endpoint.close();
    this.client = connection;
    connection.definePorts({ inputs: [port], outputs: [port] });
    await new Promise<void>((resolve) => {
      connection.onControl = (message) => {
        if (message.type === 'ping') resolve();
      };
      connection.onFrame = (_port, frameId, { value }) => {
        if (Number(value) !== this.received) this.gaps++;
        this.received = Number(value) + 1;
        connection.sendFrame(0, Number(frameId), { value: value as bigint });
      };
      connection.start();
    });
    connection.sendControl({ type: 'pong', bytes: pong });
    await patiently('GetSchema', () => calls.once('getSchema', this.id, token));
    await patiently('MarkAcked', async () => {
      try {
        await calls.once('markAcked', this.id, token);
      } catch (error) {
        if ((error as ServiceError).code !== status.FAILED_PRECONDITION) throw error;
        // A broker that has come back has not seen the earlier steps: once more.
        await calls.once('clientAlive', this.id, token);
        (await askRelay(this.id)).close();
        await calls.once('markAcked', this.id, token);
      }
    });
    connection.sendControl({ type: 'acked' });
  }
}
