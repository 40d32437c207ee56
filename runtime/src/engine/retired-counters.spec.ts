import { describe, expect, it } from 'vitest';
import { PortCounters } from '../flow/counters.js';
import { Histogram } from '../flow/histogram.js';
import type { GraphNode } from '../node/node.js';
import { nodeStats } from '../node/stats.js';
import { RetiredCounters } from './retired-counters.js';

interface Counted extends GraphNode {
  count(frames: number, dropped: number): void;
}

function node(input: string, errors = 0, restarts = 0): Counted {
  const counters = new PortCounters();
  const latency = new Histogram();
  const inputs = new Map([[input, { counters, latency }]]);
  return {
    id: 'effect',
    count: (frames: number, dropped: number) => {
      for (let n = 0; n < frames; n++) counters.pass();
      counters.drop('replaced', dropped);
    },
    stats: () =>
      nodeStats(
        { type: 'python', state: 'running', inputs, outputs: new Map() },
        { failure: null, errors, restarts, latency, metrics: {} },
      ),
  } as unknown as Counted;
}

describe('a node that took the place of another', () => {
  it('goes on counting where the others stopped, also while one of them still drops what it has', () => {
    const all = new RetiredCounters();
    const [first, second, third] = [node('in', 1, 2), node('in', 0, 1), node('in')];
    first.count(10, 3);
    all.leaves(first);
    second.count(5, 0);
    first.count(0, 2);
    expect(all.statsOf(second)).toMatchObject({ frames_in: 15, dropped: 5, errors: 1, restarts: 3 });
    all.left(first);
    expect(all.statsOf(second)).toMatchObject({ frames_in: 15, dropped: 5, errors: 1, restarts: 3 });
    all.leaves(second);
    all.left(second);
    third.count(1, 1);
    const now = all.statsOf(third);
    expect(now).toMatchObject({ frames_in: 16, dropped_by: { replaced: 6 }, errors: 1, restarts: 3 });
    expect(now.inputs.in).toMatchObject({ frames: 16, dropped: 6, dropped_by: { replaced: 6 } });
  });

  it('has the ports of its own, and the sums of all', () => {
    const all = new RetiredCounters();
    const [first, second] = [node('before'), node('now')];
    first.count(4, 1);
    all.leaves(first);
    all.left(first);
    second.count(2, 0);
    const stats = all.statsOf(second);
    expect(stats).toMatchObject({ frames_in: 6, dropped: 1 });
    expect(Object.keys(stats.inputs)).toEqual(['now']);
  });

  it('that is taken out leaves its losses to the whole, and nothing to another of its name', () => {
    const all = new RetiredCounters();
    const first = node('in', 2, 1);
    first.count(4, 3);
    all.remove(first);
    expect(all.removed).toEqual({ dropped_by: { replaced: 3 }, errors: 2, restarts: 1 });
    expect(all.statsOf(node('in'))).toMatchObject({ frames_in: 0, dropped: 0, errors: 0 });
  });
});
