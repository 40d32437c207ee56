// Makes connections at a broker, each with its whole handshake, and keeps them: both halves, as a runtime and its clients would.
// Speaks with its parent in messages: { make: n, atOnce } → { made, ms, handshakes: [ms] }.

import {
  brokerAddress,
  brokerToken,
  connectNamed,
  type Endpoint,
  Listener,
  relayPath,
} from '@streamlib/host-bridge';
import {
  type AllocateConnectionResponse,
  BrokerServiceClient,
  type MarkAckedResponse,
} from '@streamlib/proto';
import { call, credentials, Metadata } from './grpc.js';

const SCHEMAS = JSON.stringify({
  inputs: { video_in: { name: 'VideoFrame', fields: [{ name: 'pixel_buffer', type: 'Texture' }] } },
  outputs: {},
});
const runtimeId = `scale-${process.pid}`;
const grpc = new BrokerServiceClient(brokerAddress(), credentials.createInsecure(), {
  'grpc.enable_http_proxy': 0,
});
const own = bearer(brokerToken());
const listeners: Listener[] = [];

function bearer(token: string | null): Metadata {
  const metadata = new Metadata();
  if (token) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** One question to the relay. */
function relay(message: Record<string, string>, endpoint?: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    const connection = connectNamed(relayPath());
    connection.onControl = (reply, handle) => {
      handle?.close();
      connection.onClose = () => {};
      connection.close();
      if (reply.error) reject(new Error(`the relay: ${reply.error}`));
      else resolve();
    };
    connection.onClose = ({ message: why }) => reject(new Error(`the relay closed the connection: ${why}`));
    connection.start();
    connection.sendControl(message, endpoint);
  });
}

async function handshake(n: number): Promise<number> {
  const began = performance.now();
  const { connectionId, clientToken } = await call<AllocateConnectionResponse>((done) =>
    grpc.allocateConnection(
      {
        runtimeId,
        processorId: `processor-${n}`,
        processorName: '',
        schemasJson: SCHEMAS,
        kind: 'reactive',
        timeoutSecs: 0,
        hostPid: process.pid,
      },
      own,
      done,
    ),
  );
  const client = bearer(clientToken);
  const listener = Listener.anonymous();
  listeners.push(listener);
  await call((done) => grpc.hostAlive({ connectionId, pid: process.pid }, own, done));
  const endpoint = listener.endpoint();
  await relay({ type: 'store_endpoint', connection_id: connectionId }, endpoint);
  endpoint.close();
  await call((done) => grpc.hostXpcReady({ connectionId }, own, done));
  await call((done) => grpc.clientAlive({ connectionId, pid: process.pid }, client, done));
  await relay({ type: 'get_endpoint', connection_id: connectionId });
  await call((done) => grpc.getSchema({ connectionId }, client, done));
  await call((done) => grpc.markAcked({ connectionId, side: 'host' }, own, done));
  const { connectionState } = await call<MarkAckedResponse>((done) =>
    grpc.markAcked({ connectionId, side: 'client' }, client, done),
  );
  if (connectionState !== 'ready')
    throw new Error(`connection ${connectionId} is ${connectionState}, not ready`);
  return performance.now() - began;
}

export interface Made {
  readonly made: number;
  readonly ms: number;
  readonly handshakes: readonly number[];
}

let made = 0;
async function make(count: number, atOnce: number): Promise<Made> {
  const began = performance.now();
  const handshakes: number[] = [];
  const until = made + count;
  const line = async () => {
    while (made < until) handshakes.push(await handshake(made++));
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  return { made, ms: performance.now() - began, handshakes };
}

await call((done) =>
  grpc.registerRuntime(
    {
      runtimeId,
      name: runtimeId,
      pid: process.pid,
      apiAddress: '',
      logFile: '',
      version: '',
      connections: [],
      processors: [],
    },
    own,
    done,
  ),
);
setInterval(() => {
  call((done) => grpc.heartbeat({ runtimeId, processors: [] }, own, done)).catch(() => {});
}, 3_000).unref();
process.on('message', ({ make: count, atOnce }: { readonly make: number; readonly atOnce: number }) => {
  make(count, atOnce).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
