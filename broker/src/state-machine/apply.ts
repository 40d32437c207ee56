import { derivedState, stuckStage, timeoutRemainingMs } from './derive.js';
import type { ConnectionEvent, Refusal, RefusalCode } from './events.js';
import { type ClientRecord, type ConnectionRecord, type HostRecord, isFinal, type Millis } from './record.js';
import { clientReached, hostReached, type Side } from './states.js';

export type Outcome = { readonly record: ConnectionRecord } | { readonly refusal: Refusal };

/**
 * The one function that changes a connection. A repeated event that changes nothing succeeds; the record it gives back
 * then differs at most in `lastSeenAt` and the poll count.
 */
export function apply(record: ConnectionRecord, event: ConnectionEvent, now: Millis): Outcome {
  const outcome = isFinal(record) ? applyToFinal(record, event) : step(record, event, now);
  if ('refusal' in outcome || outcome.record === record) return outcome;
  const next = outcome.record;
  return derivedState(next) === derivedState(record) ? outcome : { record: { ...next, stateSince: now } };
}

/** What asks for a state that a final connection already has, or for nothing at all, is not refused. */
function applyToFinal(record: ConnectionRecord, event: ConnectionEvent): Outcome {
  switch (event.type) {
    case 'seen':
    case 'deadline':
    case 'closed':
    case 'side_failed':
      return { record };
    default:
      return refuse('final', `Connection ${record.id} ${howItEnded(record)}; allocate a new connection`);
  }
}

export function howItEnded(record: ConnectionRecord): string {
  if (derivedState(record) === 'failed') return `failed (${record.failureReason ?? 'no reason given'})`;
  return `was closed (${record.closeReason ?? 'no reason given'})`;
}

function step(record: ConnectionRecord, event: ConnectionEvent, now: Millis): Outcome {
  switch (event.type) {
    case 'host_alive':
      return { record: withHost(record, now, { toldPid: event.pid ?? record.host.toldPid }) };
    case 'endpoint_stored':
      return storeEndpoint(record, event.peerPid, now);
    case 'host_xpc_ready':
      return confirmEndpoint(record, now);
    case 'client_alive':
      return clientAlive(record, event.pid, now);
    case 'endpoint_polled':
      return poll(record, event.peerPid, now);
    case 'channel_up':
      return channelUp(record, event.clientPid, now);
    case 'acked':
      return event.side === 'host' ? hostAcked(record, now) : clientAcked(record, now);
    case 'seen':
      return { record: seen(record, event.side, now) };
    case 'side_failed':
      return { record: fail(record, event.side, event.reason, now) };
    case 'closed':
      return { record: { ...record, closedAt: now, closeReason: event.reason, endpointStored: false } };
    case 'deadline':
      return { record: checkDeadline(record, now) };
  }
}

/** Storing says that the host is alive; so the two may come in either order. Storing again replaces the endpoint. */
function storeEndpoint(record: ConnectionRecord, peerPid: number | null, now: Millis): Outcome {
  if (record.host.state === 'acked' || record.client.state === 'acked' || record.channelUpAt !== null)
    return refuse(
      'out_of_order',
      `Connection ${record.id} already has its direct channel, so its endpoint can no longer be replaced; allocate a new connection`,
    );
  const stored = withHost(record, now, {
    state: 'xpc_ready',
    endpointStoredAt: now,
    peerPid: peerPid ?? record.host.peerPid,
  });
  return { record: { ...stored, endpointStored: true } };
}

function confirmEndpoint(record: ConnectionRecord, now: Millis): Outcome {
  if (!hostReached(record.host.state, 'xpc_ready') || !(record.endpointStored || endpointWasUsed(record)))
    return refuse(
      'no_endpoint',
      `No endpoint is stored for connection ${record.id}; send store_endpoint to the relay, then call HostXpcReady again`,
    );
  return { record: withHost(record, now, {}) };
}

/** After a broker came back, the endpoint may be where it belongs although this broker never held it. */
function endpointWasUsed(record: ConnectionRecord): boolean {
  return clientReached(record.client.state, 'xpc_endpoint_received');
}

function clientAlive(record: ConnectionRecord, pid: number | null, now: Millis): Outcome {
  const holder = record.client.toldPid;
  if (pid !== null && holder !== null && pid !== holder) return claimed(record, pid, holder);
  return { record: withClient(record, now, { toldPid: pid ?? holder }) };
}

function poll(record: ConnectionRecord, peerPid: number | null, now: Millis): Outcome {
  const { client } = record;
  if (peerPid !== null && client.peerPid !== null && peerPid !== client.peerPid)
    return claimed(record, peerPid, client.peerPid);
  if (record.readyAt !== null)
    return refuse(
      'out_of_order',
      `Connection ${record.id} is ready: its client is connected and its endpoint was released; a new client needs a new connection`,
    );
  const polled = {
    peerPid: peerPid ?? client.peerPid,
    firstPollAt: client.firstPollAt ?? now,
    pollCount: client.pollCount + 1,
  };
  if (record.endpointStored) {
    const received = clientReached(client.state, 'xpc_endpoint_received');
    return {
      record: withClient(record, now, {
        ...polled,
        state: received ? client.state : 'xpc_endpoint_received',
        deliveredAt: client.deliveredAt ?? now,
      }),
    };
  }
  const waited = clientReached(client.state, 'waiting_for_endpoint');
  return {
    record: withClient(record, now, { ...polled, state: waited ? client.state : 'waiting_for_endpoint' }),
  };
}

/**
 * Only who has the endpoint can connect: the channel proves that the host stored it and that the client received it, also where
 * both was done with an earlier broker.
 */
function channelUp(record: ConnectionRecord, clientPid: number | null, now: Millis): Outcome {
  if (!hostReached(record.host.state, 'alive'))
    return refuse(
      'out_of_order',
      `Connection ${record.id} has no endpoint that a client could have connected to; store it with the relay first`,
    );
  const { client } = record;
  const host = withHost(record, now, {
    state: hostReached(record.host.state, 'xpc_ready') ? record.host.state : 'xpc_ready',
    endpointStoredAt: record.host.endpointStoredAt ?? now,
  });
  const up = withClient(host, now, {
    state: clientReached(client.state, 'xpc_endpoint_received') ? client.state : 'xpc_endpoint_received',
    peerPid: client.peerPid ?? clientPid,
  });
  return { record: { ...up, channelUpAt: record.channelUpAt ?? now } };
}

function hostAcked(record: ConnectionRecord, now: Millis): Outcome {
  if (!hostReached(record.host.state, 'xpc_ready'))
    return refuse(
      'out_of_order',
      `The host of connection ${record.id} is ${record.host.state}: it cannot be acked before its endpoint is stored; send store_endpoint to the relay and call HostXpcReady`,
    );
  if (!clientReached(record.client.state, 'xpc_endpoint_received'))
    return refuse(
      'out_of_order',
      `The client of connection ${record.id} is ${record.client.state}: no pong can have come from it; call MarkAcked when one has`,
    );
  return {
    record: ready(withHost(record, now, { state: 'acked', ackedAt: record.host.ackedAt ?? now }), now),
  };
}

function clientAcked(record: ConnectionRecord, now: Millis): Outcome {
  if (!clientReached(record.client.state, 'xpc_endpoint_received'))
    return refuse(
      'out_of_order',
      `The client of connection ${record.id} is ${record.client.state}: it has no endpoint yet; send get_endpoint to the relay until it is found, connect, answer the ping, then call MarkAcked`,
    );
  const acked = withClient(record, now, { state: 'acked', ackedAt: record.client.ackedAt ?? now });
  return { record: ready(acked, now) };
}

function ready(record: ConnectionRecord, now: Millis): ConnectionRecord {
  if (record.host.state !== 'acked' || record.client.state !== 'acked' || record.readyAt !== null)
    return record;
  // Nobody needs the endpoint any more: its two ends have found each other.
  return { ...record, readyAt: now, endpointStored: false };
}

function seen(record: ConnectionRecord, side: Side, now: Millis): ConnectionRecord {
  return side === 'host'
    ? { ...record, host: { ...record.host, lastSeenAt: now } }
    : { ...record, client: { ...record.client, lastSeenAt: now } };
}

function fail(record: ConnectionRecord, side: Side, reason: string, now: Millis): ConnectionRecord {
  const failed = { state: 'failed', failedAt: now } as const;
  const base = { ...record, failureReason: reason, endpointStored: false };
  return side === 'host'
    ? { ...base, host: { ...record.host, ...failed } }
    : { ...base, client: { ...record.client, ...failed } };
}

/** The side whose step was waited for is the one that failed. */
function checkDeadline(record: ConnectionRecord, now: Millis): ConnectionRecord {
  if (record.readyAt !== null || timeoutRemainingMs(record, now) > 0) return record;
  const side = clientIsAtFault(record) ? 'client' : 'host';
  return fail(record, side, `timed out after ${record.timeoutSecs} s: ${stuckStage(record)}`, now);
}

function clientIsAtFault(record: ConnectionRecord): boolean {
  return hostReached(record.host.state, 'xpc_ready') && record.client.state !== 'acked';
}

/** A signal of the host: at least alive, and seen. */
function withHost(record: ConnectionRecord, now: Millis, change: Partial<HostRecord>): ConnectionRecord {
  const { host } = record;
  const state = host.state === 'pending' ? 'alive' : host.state;
  return {
    ...record,
    host: { ...host, state, aliveAt: host.aliveAt ?? now, lastSeenAt: now, ...change },
  };
}

function withClient(record: ConnectionRecord, now: Millis, change: Partial<ClientRecord>): ConnectionRecord {
  const { client } = record;
  const state = client.state === 'pending' ? 'alive' : client.state;
  return {
    ...record,
    client: { ...client, state, aliveAt: client.aliveAt ?? now, lastSeenAt: now, ...change },
  };
}

function claimed(record: ConnectionRecord, pid: number, holder: number): Outcome {
  return refuse(
    'claimed',
    `Connection ${record.id} belongs to client process ${holder}; process ${pid} needs a connection of its own`,
  );
}

function refuse(code: RefusalCode, message: string): Outcome {
  return { refusal: { code, message } };
}
