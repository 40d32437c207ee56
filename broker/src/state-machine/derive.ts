import type { ConnectionRecord } from './record.js';
import { clientReached, type DerivedState, hostReached, type Side } from './states.js';

/** What the two sides' states amount to. The first that holds, in this order. */
export function derivedState(record: ConnectionRecord): DerivedState {
  const host = record.host.state;
  const client = record.client.state;
  if (host === 'failed' || client === 'failed') return 'failed';
  if (record.closedAt !== null) return 'closed';
  if (host === 'acked' && client === 'acked') return 'ready';
  if (clientReached(client, 'xpc_endpoint_received')) {
    const oneAcked = host === 'acked' || client === 'acked';
    return oneAcked || record.channelUpAt !== null ? 'awaiting_ack' : 'client_connecting';
  }
  if (client === 'waiting_for_endpoint') return 'client_waiting_for_host_endpoint';
  if (client === 'alive') {
    if (hostReached(host, 'xpc_ready')) return 'client_waiting_for_host_endpoint';
    return host === 'alive' ? 'both_alive_awaiting_host_xpc' : 'awaiting_host';
  }
  return hostReached(host, 'alive') ? 'awaiting_client' : 'awaiting_both';
}

/** Whose next step it is; null where nothing is waited for. */
export function waitingOn(record: ConnectionRecord): Side | null {
  switch (derivedState(record)) {
    case 'ready':
    case 'failed':
    case 'closed':
      return null;
    case 'awaiting_both':
    case 'awaiting_host':
    case 'both_alive_awaiting_host_xpc':
      return 'host';
    case 'client_waiting_for_host_endpoint':
      // Once the endpoint is there, the client has but to poll.
      return hostReached(record.host.state, 'xpc_ready') ? 'client' : 'host';
    case 'awaiting_client':
    case 'client_connecting':
      return 'client';
    case 'awaiting_ack':
      return record.client.state === 'acked' ? 'host' : 'client';
  }
}

/** Names the stage that a handshake is stuck in, as the end of the sentence "timed out after 300 s: …". */
export function stuckStage(record: ConnectionRecord): string {
  switch (derivedState(record)) {
    case 'awaiting_both':
      return 'neither host nor client contacted the broker';
    case 'awaiting_host':
      return 'host never contacted the broker';
    case 'awaiting_client':
      return hostReached(record.host.state, 'xpc_ready')
        ? 'client never contacted the broker'
        : 'client never contacted the broker, and host never stored its endpoint';
    case 'both_alive_awaiting_host_xpc':
      return 'host never stored its endpoint';
    case 'client_waiting_for_host_endpoint':
      if (hostReached(record.host.state, 'xpc_ready'))
        return 'client never fetched the endpoint, which was stored';
      return `host never ${record.host.state === 'pending' ? 'contacted the broker' : 'stored its endpoint'}; client asked for the endpoint ${times(record.client.pollCount)}`;
    case 'client_connecting':
      return 'client got the endpoint but never connected to it';
    case 'awaiting_ack':
      if (record.host.state === 'acked') return 'client never acknowledged the direct channel';
      if (record.client.state === 'acked') return 'host never acknowledged the direct channel';
      return 'the direct channel was open, but neither side acknowledged it';
    case 'ready':
    case 'failed':
    case 'closed':
      return 'it was not waiting for anything';
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** Until the handshake fails by time; 0 when it is overdue. */
export function timeoutRemainingMs(record: ConnectionRecord, now: number): number {
  return Math.max(0, record.handshakeFrom + record.timeoutSecs * 1000 - now);
}
