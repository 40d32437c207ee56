import { describe, expect, it } from 'vitest';
import {
  apply,
  type ClientState,
  type ConnectionEvent,
  type ConnectionRecord,
  clientStates,
  createRecord,
  type HostState,
  hostStates,
  type RefusalCode,
} from './index.js';

const T0 = 1_000_000;
const NOW = T0 + 1_000;

function inStates(host: HostState, client: ClientState): ConnectionRecord {
  const record = createRecord(
    {
      id: 'c1',
      runtimeId: 'r1',
      processorId: 'p1',
      processorName: 'p1',
      kind: 'reactive',
      schemasJson: '',
      timeoutSecs: 300,
      hostPid: null,
    },
    T0,
  );
  const bothAcked = host === 'acked' && client === 'acked';
  const stored = (host === 'xpc_ready' || host === 'acked') && client !== 'failed' && !bothAcked;
  return {
    ...record,
    host: {
      ...record.host,
      state: host,
      failedAt: host === 'failed' ? T0 : null,
      endpointStoredAt: stored ? T0 : null,
    },
    client: { ...record.client, state: client, failedAt: client === 'failed' ? T0 : null },
    endpointStored: stored,
    readyAt: bothAcked ? T0 : null,
    failureReason: host === 'failed' || client === 'failed' ? 'broken' : null,
  };
}

/** `host.client` after the event, or the code of the refusal. `=` keeps that side's state. */
type Expected = `${HostState | '='}.${ClientState | '='}` | RefusalCode;
type Row = Record<Exclude<ClientState, 'failed'>, Expected>;
type Table = Record<Exclude<HostState, 'failed'>, Row>;

const keep: Row = {
  pending: '=.=',
  alive: '=.=',
  waiting_for_endpoint: '=.=',
  xpc_endpoint_received: '=.=',
  acked: '=.=',
};
const every = (expected: Expected): Row => ({
  pending: expected,
  alive: expected,
  waiting_for_endpoint: expected,
  xpc_endpoint_received: expected,
  acked: expected,
});

const events: { readonly event: ConnectionEvent; readonly table: Table }[] = [
  {
    event: { type: 'host_alive', pid: 7 },
    table: { pending: every('alive.='), alive: keep, xpc_ready: keep, acked: keep },
  },
  {
    event: { type: 'endpoint_stored', peerPid: 7 },
    table: {
      pending: { ...every('xpc_ready.='), acked: 'out_of_order' },
      alive: { ...every('xpc_ready.='), acked: 'out_of_order' },
      xpc_ready: { ...keep, acked: 'out_of_order' },
      acked: every('out_of_order'),
    },
  },
  {
    event: { type: 'host_xpc_ready' },
    table: { pending: every('no_endpoint'), alive: every('no_endpoint'), xpc_ready: keep, acked: keep },
  },
  {
    event: { type: 'client_alive', pid: 8 },
    table: {
      pending: { ...keep, pending: '=.alive' },
      alive: { ...keep, pending: '=.alive' },
      xpc_ready: { ...keep, pending: '=.alive' },
      acked: { ...keep, pending: '=.alive' },
    },
  },
  {
    event: { type: 'endpoint_polled', peerPid: 8 },
    table: {
      pending: { ...keep, pending: '=.waiting_for_endpoint', alive: '=.waiting_for_endpoint' },
      alive: { ...keep, pending: '=.waiting_for_endpoint', alive: '=.waiting_for_endpoint' },
      xpc_ready: { ...every('=.xpc_endpoint_received'), acked: '=.=' },
      acked: { ...every('=.xpc_endpoint_received'), acked: 'out_of_order' },
    },
  },
  {
    event: { type: 'channel_up', clientPid: 8 },
    table: {
      pending: every('out_of_order'),
      alive: { ...every('xpc_ready.xpc_endpoint_received'), acked: 'xpc_ready.=' },
      xpc_ready: { ...every('=.xpc_endpoint_received'), acked: '=.=' },
      acked: { ...every('=.xpc_endpoint_received'), acked: '=.=' },
    },
  },
  {
    event: { type: 'acked', side: 'host' },
    table: {
      pending: every('out_of_order'),
      alive: every('out_of_order'),
      xpc_ready: { ...every('out_of_order'), xpc_endpoint_received: 'acked.=', acked: 'acked.=' },
      acked: { ...every('out_of_order'), xpc_endpoint_received: '=.=', acked: '=.=' },
    },
  },
  {
    event: { type: 'acked', side: 'client' },
    table: {
      pending: { ...every('out_of_order'), xpc_endpoint_received: '=.acked', acked: '=.=' },
      alive: { ...every('out_of_order'), xpc_endpoint_received: '=.acked', acked: '=.=' },
      xpc_ready: { ...every('out_of_order'), xpc_endpoint_received: '=.acked', acked: '=.=' },
      acked: { ...every('out_of_order'), xpc_endpoint_received: '=.acked', acked: '=.=' },
    },
  },
  {
    event: { type: 'seen', side: 'host' },
    table: { pending: keep, alive: keep, xpc_ready: keep, acked: keep },
  },
  {
    event: { type: 'seen', side: 'client' },
    table: { pending: keep, alive: keep, xpc_ready: keep, acked: keep },
  },
  {
    event: { type: 'side_failed', side: 'host', reason: 'crash' },
    table: {
      pending: every('failed.='),
      alive: every('failed.='),
      xpc_ready: every('failed.='),
      acked: every('failed.='),
    },
  },
  {
    event: { type: 'side_failed', side: 'client', reason: 'crash' },
    table: {
      pending: every('=.failed'),
      alive: every('=.failed'),
      xpc_ready: every('=.failed'),
      acked: every('=.failed'),
    },
  },
  {
    event: { type: 'closed', reason: 'shutdown' },
    table: { pending: keep, alive: keep, xpc_ready: keep, acked: keep },
  },
  { event: { type: 'deadline' }, table: { pending: keep, alive: keep, xpc_ready: keep, acked: keep } },
];

const harmlessWhenFinal = new Set(['seen', 'side_failed', 'closed', 'deadline']);

function expectedFor(table: Table, event: ConnectionEvent, host: HostState, client: ClientState): Expected {
  if (host === 'failed' || client === 'failed') return harmlessWhenFinal.has(event.type) ? '=.=' : 'final';
  return table[host][client];
}

function resolved(expected: Expected, host: HostState, client: ClientState): string {
  const [nextHost, nextClient] = expected.split('.');
  if (nextClient === undefined) return expected;
  return `${nextHost === '=' ? host : nextHost}.${nextClient === '=' ? client : nextClient}`;
}

function outcomeOf(record: ConnectionRecord, event: ConnectionEvent): string {
  const outcome = apply(record, event, NOW);
  if ('refusal' in outcome) {
    expect(outcome.refusal.message).toContain('c1');
    return outcome.refusal.code;
  }
  return `${outcome.record.host.state}.${outcome.record.client.state}`;
}

describe('every host state × client state × event', () => {
  for (const { event, table } of events) {
    const label = 'side' in event ? `${event.type}(${event.side})` : event.type;
    for (const host of hostStates) {
      for (const client of clientStates) {
        const expected = resolved(expectedFor(table, event, host, client), host, client);
        it(`${label} in ${host}.${client} → ${expected}`, () => {
          expect(outcomeOf(inStates(host, client), event)).toBe(expected);
        });
      }
    }
  }

  it('covers every event type', () => {
    const all: Record<ConnectionEvent['type'], true> = {
      host_alive: true,
      endpoint_stored: true,
      host_xpc_ready: true,
      client_alive: true,
      endpoint_polled: true,
      channel_up: true,
      acked: true,
      seen: true,
      side_failed: true,
      closed: true,
      deadline: true,
    };
    expect(new Set(events.map(({ event }) => event.type))).toEqual(new Set(Object.keys(all)));
  });

  for (const { event } of events) {
    const label = 'side' in event ? `${event.type}(${event.side})` : event.type;
    it(`${label} on a closed connection changes nothing`, () => {
      const closed = { ...inStates('alive', 'alive'), closedAt: T0, closeReason: 'shutdown' };
      const outcome = apply(closed, event, NOW);
      if (harmlessWhenFinal.has(event.type)) expect(outcome).toEqual({ record: closed });
      else expect(outcome).toMatchObject({ refusal: { code: 'final' } });
    });
  }
});
