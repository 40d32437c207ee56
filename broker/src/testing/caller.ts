import { type ClientReadableStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  AllocateConnectionRequest as Allocate,
  type AllocateConnectionRequest,
  BrokerServiceClient,
  CloseConnectionRequest,
  type ConnectionEntry,
  ListConnectionsRequest,
  RegisterRuntimeRequest,
} from '@streamlib/proto';

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: object,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** What a call that was refused gave. */
export interface Refused {
  readonly status: string;
  readonly message: string;
}

/** A client of the broker over a real channel. */
export class Caller {
  readonly client: BrokerServiceClient;
  readonly metadata = new Metadata();

  constructor(address: string, token: string | null = null) {
    if (token !== null) this.metadata.set('authorization', `Bearer ${token}`);
    this.client = new BrokerServiceClient(address, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
    });
  }

  call<Request, Response>(
    pick: (client: BrokerServiceClient) => Unary<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      pick(this.client).call(this.client, request, this.metadata, {}, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  }

  async refused<Request, Response>(
    pick: (client: BrokerServiceClient) => Unary<Request, Response>,
    request: Request,
  ): Promise<Refused> {
    const error = await this.call(pick, request).then(
      () => null,
      (thrown: ServiceError) => thrown,
    );
    if (error === null) throw new Error('the call succeeded');
    return { status: status[error.code], message: error.details };
  }

  async allocate(request: Partial<AllocateConnectionRequest> = {}): Promise<string> {
    const full = Allocate.fromPartial({ runtimeId: 'runtime-1', processorId: 'effect', ...request });
    return (await this.call((c) => c.allocateConnection, full)).connectionId;
  }

  async register(request: Partial<RegisterRuntimeRequest> = {}) {
    const full = RegisterRuntimeRequest.fromPartial({
      runtimeId: 'runtime-1',
      name: 'demo',
      pid: 4711,
      ...request,
    });
    return this.call((c) => c.registerRuntime, full);
  }

  async end(connectionId: string, reason = '', detail = '', side = ''): Promise<void> {
    await this.call(
      (c) => c.closeConnection,
      CloseConnectionRequest.fromPartial({ connectionId, reason, detail, side }),
    );
  }

  async entry(connectionId: string): Promise<ConnectionEntry> {
    const { connection } = await this.call((c) => c.getConnectionInfo, { connectionId });
    if (connection === undefined) throw new Error(`no connection ${connectionId}`);
    return connection;
  }

  async list(request: Partial<ListConnectionsRequest> = {}) {
    const full = ListConnectionsRequest.fromPartial(request);
    return (await this.call((c) => c.listConnections, full)).connections;
  }

  close(): void {
    this.client.close();
  }
}

/** What a server stream sends, as a queue that a test can wait for. */
export class Reader<T> {
  readonly messages: T[] = [];
  private error: ServiceError | null = null;
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(readonly stream: ClientReadableStream<T>) {
    stream.on('data', (message: T) => {
      this.messages.push(message);
      this.wake();
    });
    stream.on('error', (error: ServiceError) => {
      this.error = error;
      this.wake();
    });
    stream.on('end', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** The messages so far, once there are that many. */
  async atLeast(count: number): Promise<T[]> {
    await this.until(() => this.messages.length >= count);
    return this.messages;
  }

  async end(): Promise<string> {
    await this.until(() => this.ended || this.error !== null);
    return this.error === null ? 'OK' : (status[this.error.code] ?? '');
  }

  cancel(): void {
    this.stream.cancel();
  }

  private async until(condition: () => boolean): Promise<void> {
    const limit = setTimeout(() => {
      this.ended = true;
      this.wake();
    }, 5_000);
    try {
      while (!condition()) {
        if (this.ended || this.error !== null)
          throw new Error(
            `the stream ended (${this.error?.message ?? 'no error'}) before what was waited for`,
          );
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(limit);
    }
  }
}
