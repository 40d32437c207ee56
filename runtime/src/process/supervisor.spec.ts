import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_POLICY } from './machine.js';
import { Supervisor } from './supervisor.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Supervisor', () => {
  it('a subprocess that ends within the very call that asks it to leaves no timer behind', async () => {
    const ends: string[] = [];
    const supervisor: Supervisor = new Supervisor(DEFAULT_POLICY, {
      spawn: () => {},
      // As a process that has no connection yet: there is nobody to be asked.
      askToStop: (incarnation) => supervisor.exited(incarnation, true, 'was not up yet'),
      signal: () => {},
      restarting: () => {},
      ended: (state) => ends.push(state),
    });
    supervisor.start();
    await supervisor.stop();
    expect(ends).toEqual(['stopped']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
