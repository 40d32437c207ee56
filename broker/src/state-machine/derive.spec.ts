import { describe, expect, it } from 'vitest';
import {
  type ClientState,
  type ConnectionRecord,
  clientStates,
  createRecord,
  type DerivedState,
  derivedState,
  type HostState,
  hostStates,
  stuckStage,
  timeoutRemainingMs,
  waitingOn,
} from './index.js';

function inStates(host: HostState, client: ClientState): ConnectionRecord {
  const record = createRecord(
    {
      id: 'c1',
      runtimeId: 'r1',
      processorId: 'p1',
      processorName: 'p1',
      kind: '',
      schemasJson: '',
      timeoutSecs: 300,
      hostPid: null,
    },
    0,
  );
  return { ...record, host: { ...record.host, state: host }, client: { ...record.client, state: client } };
}

/** The contract's table, row by row; the columns are the client's states in their order. */
const table: Record<HostState, readonly DerivedState[]> = {
  pending: [
    'awaiting_both',
    'awaiting_host',
    'client_waiting_for_host_endpoint',
    'client_connecting',
    'awaiting_ack',
    'failed',
  ],
  alive: [
    'awaiting_client',
    'both_alive_awaiting_host_xpc',
    'client_waiting_for_host_endpoint',
    'client_connecting',
    'awaiting_ack',
    'failed',
  ],
  xpc_ready: [
    'awaiting_client',
    'client_waiting_for_host_endpoint',
    'client_waiting_for_host_endpoint',
    'client_connecting',
    'awaiting_ack',
    'failed',
  ],
  acked: [
    'awaiting_client',
    'client_waiting_for_host_endpoint',
    'client_waiting_for_host_endpoint',
    'awaiting_ack',
    'ready',
    'failed',
  ],
  failed: ['failed', 'failed', 'failed', 'failed', 'failed', 'failed'],
};

describe('derived state', () => {
  for (const host of hostStates) {
    clientStates.forEach((client, column) => {
      const expected = table[host][column];
      it(`${host} and ${client}: ${expected}`, () => {
        expect(derivedState(inStates(host, client))).toBe(expected);
      });
    });
  }

  it('is awaiting_ack once the direct channel is up', () => {
    const record = { ...inStates('xpc_ready', 'xpc_endpoint_received'), channelUpAt: 5 };
    expect(derivedState(record)).toBe('awaiting_ack');
  });

  it('is closed after an orderly end, even of a ready connection', () => {
    expect(derivedState({ ...inStates('acked', 'acked'), closedAt: 5 })).toBe('closed');
  });

  it('is failed rather than closed when a side failed', () => {
    expect(derivedState({ ...inStates('failed', 'alive'), closedAt: 5 })).toBe('failed');
  });
});

describe('who is waited for, and what a timeout will say', () => {
  const cases: [ConnectionRecord, ReturnType<typeof waitingOn>, string][] = [
    [inStates('pending', 'pending'), 'host', 'neither host nor client contacted the broker'],
    [inStates('pending', 'alive'), 'host', 'host never contacted the broker'],
    [
      inStates('alive', 'pending'),
      'client',
      'client never contacted the broker, and host never stored its endpoint',
    ],
    [inStates('xpc_ready', 'pending'), 'client', 'client never contacted the broker'],
    [inStates('alive', 'alive'), 'host', 'host never stored its endpoint'],
    [
      {
        ...inStates('alive', 'waiting_for_endpoint'),
        client: { ...inStates('alive', 'waiting_for_endpoint').client, pollCount: 3 },
      },
      'host',
      'host never stored its endpoint; client asked for the endpoint 3 times',
    ],
    [
      {
        ...inStates('pending', 'waiting_for_endpoint'),
        client: { ...inStates('pending', 'waiting_for_endpoint').client, pollCount: 1 },
      },
      'host',
      'host never contacted the broker; client asked for the endpoint once',
    ],
    [inStates('xpc_ready', 'alive'), 'client', 'client never fetched the endpoint, which was stored'],
    [
      inStates('xpc_ready', 'xpc_endpoint_received'),
      'client',
      'client got the endpoint but never connected to it',
    ],
    [
      { ...inStates('xpc_ready', 'xpc_endpoint_received'), channelUpAt: 1 },
      'client',
      'the direct channel was open, but neither side acknowledged it',
    ],
    [inStates('acked', 'xpc_endpoint_received'), 'client', 'client never acknowledged the direct channel'],
    [inStates('xpc_ready', 'acked'), 'host', 'host never acknowledged the direct channel'],
    [inStates('acked', 'acked'), null, 'it was not waiting for anything'],
    [inStates('failed', 'alive'), null, 'it was not waiting for anything'],
  ];
  for (const [record, side, stage] of cases) {
    it(`${record.host.state} and ${record.client.state}: ${side ?? 'nobody'}, "${stage}"`, () => {
      expect(waitingOn(record)).toBe(side);
      expect(stuckStage(record)).toBe(stage);
    });
  }

  it('counts down to the timeout and stops at zero', () => {
    const record = inStates('alive', 'pending');
    expect(timeoutRemainingMs(record, 0)).toBe(300_000);
    expect(timeoutRemainingMs(record, 299_999)).toBe(1);
    expect(timeoutRemainingMs(record, 400_000)).toBe(0);
  });
});
