// How long the two halves of a handshake take, as the broker sees them: what lies between is the start of an interpreter.
import { brokerAddress, brokerToken } from '@streamlib/host-bridge';
import { BrokerServiceClient } from '@streamlib/proto';
import { credentials, Metadata } from '../scale/grpc.js';

/** Watches all connections from here on; times in ms. */
export function watchHandshakes() {
  const grpc = new BrokerServiceClient(brokerAddress(), credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
  const metadata = new Metadata();
  const token = brokerToken();
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  const seen: Map<string, { created: number; endpoint?: number; alive?: number; ready?: number }> = new Map();
  const stream = grpc.watchConnections(
    { runtimeId: '', state: '', includeCurrent: false, connectionId: '' },
    metadata,
  );
  stream.on('error', () => {});
  stream.on('data', ({ connection }) => {
    const now = performance.now();
    const times = seen.get(connection.connectionId) ?? { created: now };
    seen.set(connection.connectionId, times);
    if (connection.hostState !== 'pending' && connection.hostState !== 'alive') times.endpoint ??= now;
    if (connection.clientState !== 'pending') times.alive ??= now;
    if (connection.derivedState === 'ready') times.ready ??= now;
  });
  return {
    end() {
      stream.cancel();
      grpc.close();
      const whole = [...seen.values()].filter(({ ready }) => ready !== undefined);
      return {
        host: whole.map(({ created, endpoint = created }) => endpoint - created),
        client: whole.map(({ alive = 0, ready = 0 }) => ready - alive),
      };
    },
  };
}
