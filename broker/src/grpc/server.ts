import { createServer, type Server as NetServer } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { BrokerServiceService, brokerProtoFile, protoRoot } from '@streamlib/proto';
import { HealthImplementation, protoPath as healthProtoFile } from 'grpc-health-check';
import { BrokerError, messageOf } from '../errors/broker-error.js';
import type { Logger, LogRing } from '../logs/index.js';
import type { Registry } from '../registry/index.js';
import type { Tokens } from '../tokens/index.js';
import { Calls } from './calls.js';
import { connectionCalls } from './connection-calls.js';
import { type Identity, listingCalls } from './listing-calls.js';
import { runtimeCalls } from './runtime-calls.js';
import { StreamCalls, type StreamLimits } from './stream-calls.js';
import { closeToOthers, prepareSocket, unixPath } from './unix-socket.js';

export interface GrpcOptions {
  readonly registry: Registry;
  readonly ring: LogRing;
  readonly log: Logger;
  readonly identity: Identity;
  /** Null: none is asked for. */
  readonly tokens: Tokens | null;
  readonly streamLimits?: Partial<StreamLimits>;
}

const defaultStreamLimits: StreamLimits = { maxStreams: 128, maxPending: 4096 };
const maxMessageBytes = 4 * 1024 * 1024;
/** For calls that are being answered when the broker stops. */
const farewellMs = 1_000;

/** A server for services of others, which know nothing of tokens: their streams end at once for who has none. */
function guardedServer(server: Server, calls: Calls): Pick<Server, 'addService'> {
  return {
    addService: (definition, implementation) => {
      const guarded = Object.entries(implementation).map(([name, handler]) => {
        const act = handler as (call: ServerDuplexStream<unknown, unknown>) => void;
        const guard = (call: ServerDuplexStream<unknown, unknown>) => {
          try {
            calls.authenticate(name, call.metadata);
          } catch (error) {
            call.emit('error', calls.errorOf(name, error));
            return;
          }
          act(call);
        };
        return [name, guard];
      });
      server.addService(definition, Object.fromEntries(guarded) as UntypedServiceImplementation);
    },
  };
}

/** The control interface, with the standard health and reflection services. */
export class GrpcServer {
  private readonly server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 256,
  });
  private readonly health = new HealthImplementation({
    '': 'SERVING',
    'streamlib.broker.v1.BrokerService': 'SERVING',
  });
  private readonly streams: StreamCalls;
  private inherited: { readonly listener: NetServer; close(): void } | null = null;
  private stopping = false;
  private boundTo = '';

  constructor(options: GrpcOptions) {
    const { registry, log, identity } = options;
    const calls = new Calls(log, registry.connections, options.tokens);
    this.streams = new StreamCalls(calls, registry, options.ring, {
      ...defaultStreamLimits,
      ...options.streamLimits,
    });
    const standing = () => ({
      status: this.stopping ? ('stopping' as const) : ('healthy' as const),
      grpcAddress: this.boundTo,
    });
    this.server.addService(BrokerServiceService, {
      ...connectionCalls(calls, registry),
      ...runtimeCalls(calls, registry, log, identity.brokerInstanceId),
      ...listingCalls(calls, registry, identity, standing),
      ...this.streams.handlers(),
    });
    this.health.addToServer(this.server);
    const described = loadSync([brokerProtoFile(), healthProtoFile], { includeDirs: [protoRoot()] });
    // Health says no more than that somebody listens; everything else, also what there is to call, takes a token.
    new ReflectionService(described).addToServer(guardedServer(this.server, calls));
  }

  /** Where it listens; with port 0 asked for, the port that the system gave. */
  get address(): string {
    return this.boundTo;
  }

  /** `fd`: a socket that listens already, where a service manager opened it. */
  async listen(address: string, fd: number | null = null): Promise<void> {
    if (fd !== null) {
      this.boundTo = await this.listenAt(fd, address);
      return;
    }
    const path = unixPath(address);
    if (path !== null) await prepareSocket(path);
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else
          reject(
            new BrokerError(
              'io',
              `The broker can't listen at ${address}: ${messageOf(error)}. If another program has that port, choose another one with STREAMLIB_BROKER_PORT`,
              { cause: error },
            ),
          );
      });
    });
    if (path !== null) closeToOthers(path);
    this.boundTo = path === null ? address.replace(/:\d+$/, `:${port}`) : address;
  }

  private async listenAt(fd: number, address: string): Promise<string> {
    const injector = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = createServer((socket) => injector.injectConnection(socket));
    this.inherited = { listener, close: () => injector.destroy() };
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (cause) =>
        reject(
          new BrokerError('io', `The broker can't listen at descriptor ${fd}: ${messageOf(cause)}`, {
            cause,
          }),
        ),
      );
      listener.listen({ fd }, resolve);
    });
    const bound = listener.address();
    if (bound === null) return address;
    if (typeof bound === 'string') return `unix:${bound}`;
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /** Ends the streams, lets calls that are under way finish, then cuts off who still holds on. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.health.setStatus('', 'NOT_SERVING');
    this.health.setStatus('streamlib.broker.v1.BrokerService', 'NOT_SERVING');
    this.inherited?.listener.close();
    this.streams.endAll();
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => {
        this.server.forceShutdown();
        this.inherited?.close();
        resolve();
      }, farewellMs);
      this.server.tryShutdown(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }
}
