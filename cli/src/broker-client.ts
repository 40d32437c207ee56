import {
  ChannelCredentials,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  BridgeError,
  brokerAddress,
  brokerLockHolder,
  brokerToken,
  foreignListener,
  isBrokerAddressGiven,
} from '@streamlib/host-bridge';
import { BrokerServiceClient } from '@streamlib/proto';
import { CliError } from './errors/cli-error.js';

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

const DEADLINE_MS = 5_000;

/** The broker as the commands need it: calls that settle, errors that say what to do. */
export class BrokerClient {
  readonly address: string;
  private readonly client: BrokerServiceClient;

  constructor(address: string = brokerAddress()) {
    this.address = address;
    this.client = new BrokerServiceClient(address, ChannelCredentials.createInsecure(), {
      // A proxy of the environment is for the world outside, not for a service of this machine.
      'grpc.enable_http_proxy': 0,
    });
  }

  call<Request, Response>(
    pick: (client: BrokerServiceClient) => Unary<Request, Response>,
    request: Request,
  ): Promise<Response> {
    const stranger = foreignListener(this.address);
    if (stranger !== null)
      return Promise.reject(isAnothers() ? notRunning(this.address) : taken(this.address, stranger));
    return new Promise((resolve, reject) => {
      pick(this.client).call(
        this.client,
        request,
        this.metadata(),
        { deadline: Date.now() + DEADLINE_MS },
        (error, response) => {
          if (error === null) resolve(response);
          else reject(this.explain(error));
        },
      );
    });
  }

  stream<Response>(
    open: (client: BrokerServiceClient, metadata: Metadata) => ClientReadableStream<Response>,
  ): ClientReadableStream<Response> {
    return open(this.client, this.metadata());
  }

  close(): void {
    this.client.close();
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    const token = readToken(this.address);
    if (token !== null) metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  }

  explain(error: ServiceError): CliError {
    const options = { cause: error };
    switch (error.code) {
      case status.UNAVAILABLE:
        return notRunning(this.address, options);
      case status.DEADLINE_EXCEEDED:
        return new CliError(
          'broker_stuck',
          `the broker at ${this.address} did not answer within ${DEADLINE_MS / 1000} s; see \`streamlib broker logs\`, then \`streamlib broker restart\``,
          options,
        );
      case status.NOT_FOUND:
        return new CliError('not_found', error.details, options);
      case status.UNIMPLEMENTED:
        return new CliError(
          'broker_refused',
          `the broker at ${this.address} runs a different version: ${error.details}; run \`streamlib broker restart\``,
          options,
        );
      case status.UNAUTHENTICATED:
        if (isAnothers()) return notRunning(this.address, options);
        return new CliError(
          'broker_refused',
          `the broker at ${this.address} requires its token: ${error.details}; \`streamlib doctor\` says what to do`,
          options,
        );
      default:
        return new CliError(
          'broker_refused',
          `the broker at ${this.address} refused: ${error.details}`,
          options,
        );
    }
  }
}

/** Nobody said where the broker is, and none of this name runs: who answers at its port is another's. */
function isAnothers(): boolean {
  return !isBrokerAddressGiven() && brokerLockHolder() === null;
}

/** Throws `bad_token`. */
export function readToken(address: string): string | null {
  try {
    return brokerToken(address);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'bad_token') throw error;
    throw new CliError('bad_token', error.message, { cause: error });
  }
}

function taken(address: string, uid: number): CliError {
  return new CliError(
    'broker_refused',
    `${address} belongs to another user of this machine (uid ${uid}), so nothing was sent to it; choose another port with STREAMLIB_BROKER_PORT`,
  );
}

export function notRunning(address: string, options?: ErrorOptions): CliError {
  return new CliError(
    'broker_not_running',
    `the broker is not running (nothing answers at ${address}); start it with \`streamlib broker start\`, or run a graph, which starts one`,
    options,
  );
}

/** Gives `work` a client and closes it afterwards: an open channel keeps the process alive. */
export async function withBroker<T>(work: (client: BrokerClient) => Promise<T>): Promise<T> {
  const client = new BrokerClient();
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
