import { describe, expect, it } from 'vitest';
import type { HandshakeBroker, ProcessorStatus } from '../broker/session.js';
import { Seat } from './seat.js';

const listener = { stateChanged: () => {} };
const status = (state: string): ProcessorStatus => ({
  processorId: 'effect',
  kind: 'reactive',
  state,
  pid: 7,
  restarts: 0,
  connectionId: 'c1',
  lastError: null,
});

function seat(told: string[], state: string | null): Seat {
  const made = new Seat();
  const broker = made.broker({
    report: (status: ProcessorStatus) => void told.push(status.state),
  } as unknown as HandshakeBroker);
  made.occupy(listener);
  if (state !== null) broker.report(status(state));
  return made;
}

describe('a node that leaves the graph', () => {
  it('is forgotten by the broker, also when it had failed before', () => {
    for (const state of ['running', 'failed', 'finished']) {
      const told: string[] = [];
      const left = seat(told, state);
      left.leave();
      left.leave();
      expect(told).toEqual([state, 'stopped']);
    }
  });

  it('is not forgotten where another of its id tells of itself, nor told of twice', () => {
    const told: string[] = [];
    seat(told, 'running').leave(seat([], 'running'));
    seat(told, 'stopped').leave();
    seat(told, null).leave();
    expect(told).toEqual(['running', 'stopped']);
  });

  it('is forgotten where what takes its place is nothing that the broker is told of', () => {
    const told: string[] = [];
    seat(told, 'running').leave(seat([], null));
    expect(told).toEqual(['running', 'stopped']);
  });
});
