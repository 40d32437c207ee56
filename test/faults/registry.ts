import { credentials, Metadata } from '@grpc/grpc-js';
import { brokerToken } from '@streamlib/host-bridge';
import {
  BrokerServiceClient,
  type ConnectionEntry,
  ListConnectionsRequest,
  ListRuntimesRequest,
  WatchConnectionsRequest,
} from '@streamlib/proto';
import type { World } from '../harness/world.js';
import type { Stage } from './cells.js';

/** Hears each change of a connection in the moment in which it happens. */
export class Watched {
  private readonly grpc: BrokerServiceClient;
  private readonly seen = new Set<Stage>();
  private wake: () => void = () => undefined;
  private readonly stream;

  constructor(world: World) {
    const address = `127.0.0.1:${world.sandbox.port}`;
    this.grpc = callerOf(world);
    this.stream = this.grpc.watchConnections(
      WatchConnectionsRequest.fromPartial({ includeCurrent: true }),
      metadataOf(world, address),
    );
    this.stream.on('data', ({ connection }: { connection?: ConnectionEntry }) => {
      if (connection === undefined) return;
      for (const stage of stagesOf(connection)) this.seen.add(stage);
      this.wake();
    });
    this.stream.on('error', () => undefined);
  }

  async reaches(stage: Stage): Promise<void> {
    const limit = performance.now() + 60_000;
    while (!this.seen.has(stage)) {
      if (performance.now() > limit) throw new Error(`no connection got to ${stage}`);
      await Promise.race([
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, 1_000)),
      ]);
    }
  }

  close(): void {
    this.stream.cancel();
    this.grpc.close();
  }
}

function stagesOf({ clientState, derivedState }: ConnectionEntry): Stage[] {
  const reached: Stage[] = ['allocated'];
  if (clientState !== 'pending') reached.push('client_alive');
  if (clientState === 'xpc_endpoint_received' || clientState === 'acked') reached.push('endpoint_received');
  if (derivedState === 'ready') reached.push('ready');
  return reached;
}

function callerOf(world: World): BrokerServiceClient {
  return new BrokerServiceClient(`127.0.0.1:${world.sandbox.port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
}

function metadataOf(world: World, address: string): Metadata {
  const metadata = new Metadata();
  const before = process.env.STREAMLIB_HOME;
  process.env.STREAMLIB_HOME = world.sandbox.home;
  metadata.set('authorization', `Bearer ${brokerToken(address)}`);
  if (before === undefined) delete process.env.STREAMLIB_HOME;
  else process.env.STREAMLIB_HOME = before;
  return metadata;
}

/** Records of connections that have not failed, and of runtimes. */
export async function records(world: World): Promise<number> {
  const grpc = callerOf(world);
  const metadata = metadataOf(world, `127.0.0.1:${world.sandbox.port}`);
  try {
    const connections = await new Promise<number>((resolve, reject) =>
      grpc.listConnections(ListConnectionsRequest.fromPartial({}), metadata, (error, answer) =>
        error === null
          ? resolve(answer.connections.filter(({ derivedState }) => derivedState !== 'failed').length)
          : reject(error),
      ),
    );
    const runtimes = await new Promise<number>((resolve, reject) =>
      grpc.listRuntimes(ListRuntimesRequest.fromPartial({}), metadata, (error, answer) =>
        error === null ? resolve(answer.runtimes.length) : reject(error),
      ),
    );
    return connections + runtimes;
  } finally {
    grpc.close();
  }
}
