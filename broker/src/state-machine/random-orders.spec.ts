import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apply,
  type ConnectionEvent,
  type ConnectionRecord,
  clientStates,
  createRecord,
  derivedState,
  hostStates,
  isFinal,
} from './index.js';

const side = fc.constantFrom('host' as const, 'client' as const);
const pid = fc.option(fc.integer({ min: 1, max: 2 }));
const failure = fc.record({
  type: fc.constant('side_failed' as const),
  side,
  reason: fc.constantFrom('crash', 'exit code 3'),
});
// Ends are rare, so that most sequences get far.
const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('host_alive' as const), pid }) },
  { weight: 15, arbitrary: fc.record({ type: fc.constant('endpoint_stored' as const), peerPid: pid }) },
  { weight: 10, arbitrary: fc.constant({ type: 'host_xpc_ready' as const }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('client_alive' as const), pid }) },
  { weight: 20, arbitrary: fc.record({ type: fc.constant('endpoint_polled' as const), peerPid: pid }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('channel_up' as const), clientPid: pid }) },
  { weight: 30, arbitrary: fc.record({ type: fc.constant('acked' as const), side }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('seen' as const), side }) },
  { weight: 5, arbitrary: fc.constant({ type: 'deadline' as const }) },
  { weight: 1, arbitrary: failure },
  { weight: 1, arbitrary: fc.constant({ type: 'closed' as const, reason: 'shutdown' }) },
);
const step = fc.record({ event, wait: fc.oneof(fc.nat(1000), fc.nat(200_000)) });

function fresh(): ConnectionRecord {
  return createRecord(
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
}

const moments = ['aliveAt', 'ackedAt', 'failedAt'] as const;

/** Once set, a moment stays as it was (`lastSeenAt` and the endpoint's, which can be replaced, aside). */
function momentsOf(record: ConnectionRecord): (number | null)[] {
  return [
    ...moments.map((name) => record.host[name]),
    ...moments.map((name) => record.client[name]),
    record.client.firstPollAt,
    record.client.deliveredAt,
    record.channelUpAt,
    record.readyAt,
    record.closedAt,
  ];
}

function checkStep(before: ConnectionRecord, after: ConnectionRecord, now: number): void {
  expect(hostStates.indexOf(after.host.state)).toBeGreaterThanOrEqual(hostStates.indexOf(before.host.state));
  expect(clientStates.indexOf(after.client.state)).toBeGreaterThanOrEqual(
    clientStates.indexOf(before.client.state),
  );
  expect(after.client.pollCount).toBeGreaterThanOrEqual(before.client.pollCount);
  momentsOf(before).forEach((moment, index) => {
    if (moment !== null) expect(momentsOf(after)[index]).toBe(moment);
  });
  expect(after.stateSince).toBe(derivedState(after) === derivedState(before) ? before.stateSince : now);
}

function checkRecord(record: ConnectionRecord): void {
  const derived = derivedState(record);
  if (derived === 'ready') {
    expect(record.host.ackedAt).not.toBeNull();
    expect(record.client.ackedAt).not.toBeNull();
    expect(record.client.deliveredAt ?? record.channelUpAt).not.toBeNull();
  }
  expect(record.readyAt !== null).toBe(record.host.ackedAt !== null && record.client.ackedAt !== null);
  if (record.host.state === 'xpc_ready' || record.host.state === 'acked')
    expect(record.host.endpointStoredAt).not.toBeNull();
  if (record.host.ackedAt !== null) expect(record.client.deliveredAt ?? record.channelUpAt).not.toBeNull();
  expect(record.failureReason !== null).toBe(derived === 'failed');
  if (isFinal(record)) expect(record.endpointStored).toBe(false);
}

describe('random orders of events', () => {
  it('never move backwards, never leave an end, and are ready only with both acks', () => {
    let reachedReady = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let record = fresh();
        let now = 0;
        for (const { event, wait } of steps) {
          now += wait;
          const outcome = apply(record, event, now);
          if ('refusal' in outcome) {
            expect(outcome.refusal.message.length).toBeGreaterThan(20);
            continue;
          }
          if (isFinal(record)) expect(outcome.record).toBe(record);
          checkStep(record, outcome.record, now);
          checkRecord(outcome.record);
          record = outcome.record;
          if (record.readyAt !== null) reachedReady++;
        }
      }),
      { numRuns: 2000 },
    );
    // The property must not hold for want of anything that happens.
    expect(reachedReady).toBeGreaterThan(0);
  });

  it('changes nothing but counts when an accepted event is repeated', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), event, (steps, repeated) => {
        let record = fresh();
        let now = 0;
        for (const { event, wait } of steps) {
          now += wait;
          const outcome = apply(record, event, now);
          if ('record' in outcome) record = outcome.record;
        }
        const once = apply(record, repeated, now);
        if ('refusal' in once) return;
        const twice = apply(once.record, repeated, now);
        if ('refusal' in twice)
          throw new Error(`${repeated.type} was refused the second time: ${twice.refusal.message}`);
        const bare = ({ client, ...rest }: ConnectionRecord) => ({
          ...rest,
          client: { ...client, pollCount: 0 },
        });
        expect(bare(twice.record)).toEqual(bare(once.record));
      }),
      { numRuns: 2000 },
    );
  });
});
