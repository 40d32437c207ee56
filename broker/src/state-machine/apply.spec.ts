import { describe, expect, it } from 'vitest';
import {
  adopt,
  apply,
  type ConnectionEvent,
  type ConnectionRecord,
  createRecord,
  derivedState,
  type LiveConnectionState,
  type NewConnection,
} from './index.js';

const connection: NewConnection = {
  id: 'c1',
  runtimeId: 'r1',
  processorId: 'p1',
  processorName: 'effect',
  kind: 'continuous',
  schemasJson: '{}',
  timeoutSecs: 300,
  hostPid: null,
};

function play(events: readonly ConnectionEvent[], from = createRecord(connection, 0)): ConnectionRecord {
  let record = from;
  events.forEach((event, index) => {
    const outcome = apply(record, event, index + 1);
    if ('refusal' in outcome) throw new Error(outcome.refusal.message);
    record = outcome.record;
  });
  return record;
}

const upToReady: ConnectionEvent[] = [
  { type: 'host_alive', pid: 10 },
  { type: 'endpoint_stored', peerPid: 10 },
  { type: 'host_xpc_ready' },
  { type: 'client_alive', pid: 20 },
  { type: 'endpoint_polled', peerPid: 20 },
  { type: 'channel_up', clientPid: 20 },
  { type: 'acked', side: 'client' },
  { type: 'acked', side: 'host' },
];

describe('a handshake', () => {
  it('records when each step happened', () => {
    const record = play(upToReady);
    expect(derivedState(record)).toBe('ready');
    expect(record).toMatchObject({
      readyAt: 8,
      channelUpAt: 6,
      endpointStored: false,
      stateSince: 8,
      host: { aliveAt: 1, endpointStoredAt: 2, ackedAt: 8, lastSeenAt: 8, toldPid: 10, peerPid: 10 },
      client: {
        aliveAt: 4,
        firstPollAt: 5,
        pollCount: 1,
        deliveredAt: 5,
        ackedAt: 7,
        toldPid: 20,
        peerPid: 20,
      },
    });
  });

  it('passes through the derived states in order when the client comes first', () => {
    const seen: string[] = [];
    let record = createRecord(connection, 0);
    const events: ConnectionEvent[] = [
      { type: 'client_alive', pid: 20 },
      { type: 'endpoint_polled', peerPid: 20 },
      { type: 'host_alive', pid: 10 },
      { type: 'endpoint_stored', peerPid: 10 },
      { type: 'endpoint_polled', peerPid: 20 },
      { type: 'acked', side: 'host' },
      { type: 'acked', side: 'client' },
    ];
    for (const event of events) {
      record = play([event], record);
      if (seen.at(-1) !== derivedState(record)) seen.push(derivedState(record));
    }
    expect(seen).toEqual([
      'awaiting_host',
      'client_waiting_for_host_endpoint',
      'client_connecting',
      'awaiting_ack',
      'ready',
    ]);
  });

  it('lets the same client ask again, and counts it', () => {
    const record = play([...upToReady.slice(0, 5), { type: 'endpoint_polled', peerPid: 20 }]);
    expect(record.client).toMatchObject({ pollCount: 2, deliveredAt: 5, state: 'xpc_endpoint_received' });
  });

  it('refuses a second client, by what the kernel and by what the client says', () => {
    const record = play(upToReady.slice(0, 5));
    const polled = apply(record, { type: 'endpoint_polled', peerPid: 21 }, 9);
    expect(polled).toMatchObject({ refusal: { code: 'claimed' } });
    expect(apply(record, { type: 'client_alive', pid: 21 }, 9)).toMatchObject({
      refusal: { code: 'claimed' },
    });
    expect('refusal' in polled && polled.refusal.message).toContain('belongs to client process 20');
  });

  it('does not mix up what is told and what the kernel says: a container numbers its processes differently', () => {
    const record = play([...upToReady.slice(0, 3), { type: 'client_alive', pid: 1 }]);
    expect(apply(record, { type: 'endpoint_polled', peerPid: 4711 }, 9)).toHaveProperty('record');
  });
});

describe('the deadline', () => {
  const overdue = 300_000;

  it('leaves a ready connection alone', () => {
    const record = play(upToReady);
    expect(apply(record, { type: 'deadline' }, overdue * 9)).toEqual({ record });
  });

  it('fails nobody a millisecond early', () => {
    const record = play([{ type: 'host_alive', pid: null }]);
    expect(apply(record, { type: 'deadline' }, overdue - 1)).toEqual({ record });
  });

  const stuck: [string, ConnectionEvent[], 'host' | 'client', string][] = [
    ['nothing', [], 'host', 'neither host nor client contacted the broker'],
    ['a host with its endpoint', upToReady.slice(0, 3), 'client', 'client never contacted the broker'],
    ['no endpoint', [{ type: 'client_alive', pid: 1 }], 'host', 'host never contacted the broker'],
    ['an endpoint that nobody took', upToReady.slice(0, 4), 'client', 'client never fetched the endpoint'],
    [
      'a client that never connected',
      upToReady.slice(0, 5),
      'client',
      'got the endpoint but never connected',
    ],
    ['a silent channel', upToReady.slice(0, 6), 'client', 'neither side acknowledged it'],
    ['only the client acked', upToReady.slice(0, 7), 'host', 'host never acknowledged'],
  ];
  for (const [name, events, side, reason] of stuck) {
    it(`after ${name}, fails the ${side}: ${reason}`, () => {
      const outcome = apply(play(events), { type: 'deadline' }, overdue);
      if ('refusal' in outcome) throw new Error(outcome.refusal.message);
      expect(outcome.record[side].state).toBe('failed');
      expect(outcome.record.failureReason).toContain('timed out after 300 s: ');
      expect(outcome.record.failureReason).toContain(reason);
      expect(outcome.record.endpointStored).toBe(false);
    });
  }
});

describe('the end', () => {
  it('releases the endpoint when it is closed', () => {
    const record = play([...upToReady.slice(0, 3), { type: 'closed', reason: 'shutdown' }]);
    expect(record).toMatchObject({ endpointStored: false, closedAt: 4, closeReason: 'shutdown' });
  });

  it('says how it ended, and what to do, to who comes later', () => {
    const failed = play([{ type: 'side_failed', side: 'host', reason: 'exit code 3' }]);
    expect(apply(failed, { type: 'client_alive', pid: 1 }, 5)).toEqual({
      refusal: {
        code: 'final',
        message: 'Connection c1 failed (exit code 3); allocate a new connection',
      },
    });
  });
});

describe('adoption by a broker that came back', () => {
  const live: LiveConnectionState = {
    connection,
    hostState: 'acked',
    clientState: 'acked',
    clientPid: 20,
    createdAt: 100,
    readyAt: 200,
  };
  const adopted = (change: Partial<LiveConnectionState>): ConnectionRecord => {
    const record = adopt({ ...live, ...change }, 1000);
    if ('reason' in record) throw new Error(record.reason);
    return record;
  };

  it('takes a ready connection over as ready', () => {
    const record = adopted({});
    expect(derivedState(record)).toBe('ready');
    expect(record).toMatchObject({ createdAt: 100, readyAt: 200, client: { peerPid: 20 } });
  });

  it('asks for the endpoint anew where the client does not have it, and gives the whole time again', () => {
    const record = adopted({ hostState: 'xpc_ready', clientState: 'waiting_for_endpoint', readyAt: null });
    expect(record.host.state).toBe('alive');
    expect(record.handshakeFrom).toBe(1000);
    expect(apply(record, { type: 'host_xpc_ready' }, 1001)).toMatchObject({
      refusal: { code: 'no_endpoint' },
    });
    const finished = play(
      [
        { type: 'endpoint_stored', peerPid: 10 },
        { type: 'host_xpc_ready' },
        { type: 'endpoint_polled', peerPid: 20 },
        { type: 'acked', side: 'client' },
        { type: 'acked', side: 'host' },
      ],
      record,
    );
    expect(derivedState(finished)).toBe('ready');
  });

  it('goes on between delivery and acks without the endpoint', () => {
    const record = adopted({ hostState: 'xpc_ready', clientState: 'xpc_endpoint_received', readyAt: null });
    const finished = play(
      [
        { type: 'host_xpc_ready' },
        { type: 'channel_up', clientPid: 20 },
        { type: 'acked', side: 'host' },
        { type: 'acked', side: 'client' },
      ],
      record,
    );
    expect(derivedState(finished)).toBe('ready');
  });

  it('refuses what cannot be', () => {
    expect(adopt({ ...live, hostState: 'failed' }, 1)).toHaveProperty('reason');
    expect(adopt({ ...live, hostState: 'acked', clientState: 'alive' }, 1)).toHaveProperty('reason');
    expect(adopt({ ...live, hostState: 'alive', clientState: 'acked' }, 1)).toHaveProperty('reason');
  });
});
