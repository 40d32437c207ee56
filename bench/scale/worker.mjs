// Makes connections at a broker, each with its whole handshake, and keeps them: both halves, as a runtime and its clients would.
// Speaks with its parent in messages: { make: n, atOnce } → { made, ms, handshakes: [ms] }.

import { brokerAddress, brokerToken, connectNamed, Listener, relayPath } from '@streamlib/host-bridge';
import { BrokerServiceClient } from '@streamlib/proto';
import { credentials, Metadata } from './grpc.mjs';

const SCHEMAS = JSON.stringify({
  inputs: { video_in: { name: 'VideoFrame', fields: [{ name: 'pixel_buffer', type: 'Texture' }] } },
  outputs: {},
});
const runtimeId = `scale-${process.pid}`;
const grpc = new BrokerServiceClient(brokerAddress(), credentials.createInsecure(), {
  'grpc.enable_http_proxy': 0,
});
const own = bearer(brokerToken());
const listeners = [];

function bearer(token) {
  const metadata = new Metadata();
  if (token) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function call(method, request, metadata = own) {
  return new Promise((resolve, reject) => {
    grpc[method](request, metadata, (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

/** One question to the relay. */
function relay(message, endpoint) {
  return new Promise((resolve, reject) => {
    const connection = connectNamed(relayPath());
    connection.onControl = (reply, handle) => {
      handle?.close();
      connection.onClose = () => {};
      connection.close();
      if (reply.error) reject(new Error(`the relay: ${reply.error}`));
      else resolve(reply);
    };
    connection.onClose = ({ message: why }) => reject(new Error(`the relay closed the connection: ${why}`));
    connection.start();
    connection.sendControl(message, endpoint);
  });
}

async function handshake(n) {
  const began = performance.now();
  const { connectionId, clientToken } = await call('allocateConnection', {
    runtimeId,
    processorId: `processor-${n}`,
    processorName: '',
    schemasJson: SCHEMAS,
    kind: 'reactive',
    timeoutSecs: 0,
    hostPid: process.pid,
  });
  const client = bearer(clientToken);
  const listener = Listener.anonymous();
  listeners.push(listener);
  await call('hostAlive', { connectionId, pid: process.pid });
  const endpoint = listener.endpoint();
  await relay({ type: 'store_endpoint', connection_id: connectionId }, endpoint);
  endpoint.close();
  await call('hostXpcReady', { connectionId });
  await call('clientAlive', { connectionId, pid: process.pid }, client);
  await relay({ type: 'get_endpoint', connection_id: connectionId });
  await call('getSchema', { connectionId }, client);
  await call('markAcked', { connectionId, side: 'host' });
  const { connectionState } = await call('markAcked', { connectionId, side: 'client' }, client);
  if (connectionState !== 'ready')
    throw new Error(`connection ${connectionId} is ${connectionState}, not ready`);
  return performance.now() - began;
}

let made = 0;
async function make(count, atOnce) {
  const began = performance.now();
  const handshakes = [];
  const until = made + count;
  const line = async () => {
    while (made < until) handshakes.push(await handshake(made++));
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  return { made, ms: performance.now() - began, handshakes };
}

await call('registerRuntime', {
  runtimeId,
  name: runtimeId,
  pid: process.pid,
  apiAddress: '',
  logFile: '',
  version: '',
  connections: [],
  processors: [],
});
setInterval(() => call('heartbeat', { runtimeId, processors: [] }).catch(() => {}), 3_000).unref();
process.on('message', ({ make: count, atOnce }) => {
  make(count, atOnce).then(
    (result) => process.send(result),
    (error) => process.send({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
