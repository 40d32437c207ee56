import {
  type ConnectionRecord,
  derivedState,
  type Refusal,
  timeoutRemainingMs,
} from '../state-machine/index.js';
import type { Message } from './messages.js';

const checkId =
  'Check STREAMLIB_CONNECTION_ID: this broker has no such connection. It ended, was never allocated, or the broker was restarted and the runtime has not registered again yet';

export function stored(connectionId: string, record: ConnectionRecord): Message {
  return { connection_id: connectionId, success: true, host_state: record.host.state };
}

export function storeUnknown(connectionId: string): Message {
  return { connection_id: connectionId, success: false, error: 'connection_not_found', hint: checkId };
}

export function storeRefused(connectionId: string, refusal: Refusal): Message {
  return {
    connection_id: connectionId,
    success: false,
    error: refusalError(refusal),
    hint: refusal.message,
  };
}

export function found(connectionId: string, record: ConnectionRecord): Message {
  return { connection_id: connectionId, found: true, host_state: record.host.state };
}

/** No error: the client asks again in a while. */
export function notReady(connectionId: string, record: ConnectionRecord, now: number): Message {
  return {
    connection_id: connectionId,
    found: false,
    reason: 'host_endpoint_not_ready',
    host_state: record.host.state,
    derived_state: derivedState(record),
    hint: hintFor(record),
    your_poll_count: record.client.pollCount,
    timeout_remaining_secs: Math.ceil(timeoutRemainingMs(record, now) / 1000),
  };
}

export function getUnknown(connectionId: string): Message {
  return { connection_id: connectionId, found: false, error: 'connection_not_found', hint: checkId };
}

/** `error`, not `reason`: asking again would not help. */
export function getRefused(connectionId: string, refusal: Refusal): Message {
  return { connection_id: connectionId, found: false, error: refusalError(refusal), hint: refusal.message };
}

function hintFor(record: ConnectionRecord): string {
  switch (record.host.state) {
    case 'pending':
      return 'The host has not contacted the broker yet; ask again in a moment';
    case 'alive':
      return 'The host is alive but has not stored its endpoint yet; ask again in a moment';
    default:
      return 'The host has to store its endpoint again; ask again in a moment';
  }
}

function refusalError({ code }: Refusal): string {
  switch (code) {
    case 'final':
      return 'connection_ended';
    case 'claimed':
      return 'connection_claimed';
    case 'out_of_order':
    case 'no_endpoint':
      return 'out_of_order';
  }
}
