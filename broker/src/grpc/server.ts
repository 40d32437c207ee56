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

  async listen(address: string): Promise<void> {
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

  /** Ends the streams, lets calls that are under way finish, then cuts off who still holds on. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.health.setStatus('', 'NOT_SERVING');
    this.health.setStatus('streamlib.broker.v1.BrokerService', 'NOT_SERVING');
    this.streams.endAll();
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => {
        this.server.forceShutdown();
        resolve();
      }, farewellMs);
      this.server.tryShutdown(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }
}
