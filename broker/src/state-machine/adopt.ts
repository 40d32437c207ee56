import { type ConnectionRecord, createRecord, type Millis, type NewConnection } from './record.js';
import { type ClientState, clientReached, type HostState, hostReached } from './states.js';

/** A connection as its host knows it, told to a broker that does not. */
export interface LiveConnectionState {
  readonly connection: NewConnection;
  readonly hostState: HostState;
  readonly clientState: ClientState;
  readonly clientPid: number | null;
  readonly createdAt: Millis | null;
  readonly readyAt: Millis | null;
}

/**
 * The record of a connection that was made with an earlier broker. A ready one is ready: its bytes have crossed, the broker
 * was not needed for that. In others the handshake goes on with its whole time; a host's endpoint died with that broker, so
 * such a host is `alive` until it stores it again, unless the client has it already.
 */
export function adopt(
  live: LiveConnectionState,
  now: Millis,
): ConnectionRecord | { readonly reason: string } {
  const { hostState, clientState } = live;
  if (hostState === 'failed' || clientState === 'failed')
    return { reason: 'it has failed; allocate a new connection' };
  const received = clientReached(clientState, 'xpc_endpoint_received');
  if (received && !hostReached(hostState, 'xpc_ready'))
    return {
      reason: `its states contradict each other: host ${hostState}, client ${clientState}; allocate a new connection`,
    };
  if (hostState === 'acked' && !received)
    return {
      reason: `its states contradict each other: host acked, client ${clientState}; allocate a new connection`,
    };

  const fresh = createRecord(live.connection, now);
  const createdAt = Math.min(live.createdAt ?? now, now);
  const host = received || hostState === 'pending' ? hostState : 'alive';
  const isReady = hostState === 'acked' && clientState === 'acked';
  return {
    ...fresh,
    createdAt,
    host: {
      ...fresh.host,
      state: host,
      aliveAt: host === 'pending' ? null : createdAt,
      endpointStoredAt: received ? createdAt : null,
      ackedAt: hostState === 'acked' ? now : null,
      lastSeenAt: now,
    },
    client: {
      ...fresh.client,
      state: clientState,
      aliveAt: clientState === 'pending' ? null : createdAt,
      deliveredAt: received ? createdAt : null,
      ackedAt: clientState === 'acked' ? now : null,
      peerPid: live.clientPid,
    },
    readyAt: isReady ? Math.min(live.readyAt ?? now, now) : null,
  };
}
