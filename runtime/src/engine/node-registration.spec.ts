import { describe, expect, it } from 'vitest';
import type { HandshakeBroker, ProcessorStatus } from '../broker/session.js';
import { NodeRegistration } from './node-registration.js';

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

function registration(told: string[], state: string | null): NodeRegistration {
  const made = new NodeRegistration();
  const broker = made.broker({
    report: (status: ProcessorStatus) => void told.push(status.state),
  } as unknown as HandshakeBroker);
  made.activate(listener);
  if (state !== null) broker.report(status(state));
  return made;
}

describe('a node that leaves the graph', () => {
  it('is forgotten by the broker, also when it had failed before', () => {
    for (const state of ['running', 'failed', 'finished']) {
      const told: string[] = [];
      const left = registration(told, state);
      left.retire();
      left.retire();
      expect(told).toEqual([state, 'stopped']);
    }
  });

  it('is not forgotten where another of its id tells of itself, nor told of twice', () => {
    const told: string[] = [];
    registration(told, 'running').retire(registration([], 'running'));
    registration(told, 'stopped').retire();
    registration(told, null).retire();
    expect(told).toEqual(['running', 'stopped']);
  });

  it('is forgotten where what takes its place is nothing that the broker is told of', () => {
    const told: string[] = [];
    registration(told, 'running').retire(registration([], null));
    expect(told).toEqual(['running', 'stopped']);
  });
});
