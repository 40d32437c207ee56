import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '../clock/manual-clock.js';
import { type ConnectionEvent, derivedState } from '../state-machine/index.js';
import { Connections } from './connections.js';

const events: readonly ConnectionEvent[] = [
  { type: 'host_alive', pid: 1 },
  { type: 'client_alive', pid: 2 },
  { type: 'endpoint_stored', peerPid: 1 },
  { type: 'host_xpc_ready' },
  { type: 'endpoint_polled', peerPid: 2 },
  { type: 'acked', side: 'host' },
  { type: 'acked', side: 'client' },
  { type: 'side_failed', side: 'client', reason: 'gone' },
  { type: 'closed', reason: 'shutdown' },
  { type: 'deadline' },
];

it('counts what is there, whatever has happened to it', () => {
  const step = fc.record({ which: fc.nat(5), event: fc.nat(events.length), wait: fc.nat(60_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const clock = new ManualClock();
      const connections = new Connections(clock);
      for (const { which, event, wait } of steps) {
        const record = [...connections.list()][which];
        const happened = events[event];
        if (record === undefined || happened === undefined) {
          connections.allocate({
            runtimeId: 'r',
            processorId: 'p',
            processorName: 'p',
            kind: 'reactive',
            schemasJson: '',
            timeoutSecs: 30,
            hostPid: null,
          });
        } else connections.apply(record.id, happened);
        clock.advance(wait);
        connections.sweep();
        const states = [...connections.list()].map(derivedState);
        const of = (wanted: string) => states.filter((state) => state === wanted).length;
        const live = states.length - of('failed') - of('closed');
        expect(connections.counts()).toEqual({
          live,
          ready: of('ready'),
          pending: live - of('ready'),
          failed: of('failed'),
        });
      }
    }),
  );
});
