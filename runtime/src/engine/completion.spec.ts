import { describe, expect, it } from 'vitest';
import { Histogram } from '../flow/histogram.js';
import type { GraphNode } from '../node/node.js';
import type { NodeState } from '../node/state.js';
import { isComplete, sinksOf, sourcesOf, type Wiring } from './completion.js';

function node(id: string, state: NodeState, idle: boolean): GraphNode {
  return {
    id,
    type: 'test',
    state,
    idle,
    process: null,
    setUpTakesTime: false,
    inputs: new Map(),
    outputs: new Map(),
    latency: new Histogram(),
    rate: 0,
    setup: () => Promise.resolve(),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    stats: () => {
      throw new Error('not asked for');
    },
  };
}

function chain(...nodes: GraphNode[]): Wiring {
  const upstream = new Map<string, ReadonlySet<string>>();
  nodes.forEach((item, index) => {
    const before = nodes[index - 1];
    if (before !== undefined) upstream.set(item.id, new Set([before.id]));
  });
  return { nodes, upstream };
}

describe('the end of a graph', () => {
  it('knows where frames come from and where they end', () => {
    const wiring = chain(node('a', 'running', true), node('b', 'running', true), node('c', 'running', true));
    expect(sourcesOf(wiring).map(({ id }) => id)).toEqual(['a']);
    expect(sinksOf(wiring).map(({ id }) => id)).toEqual(['c']);
  });

  it.each([
    ['the source goes on', 'running', 'running', true, false],
    ['a frame is still worked on', 'finished', 'running', false, false],
    ['everything has been worked off', 'finished', 'running', true, true],
    ['the rest cannot go on', 'finished', 'failed', false, true],
    ['the rest starts again', 'finished', 'waiting', true, false],
    ['the source failed', 'failed', 'running', true, true],
  ] as const)('%s', (_what, source, sink, idle, complete) => {
    expect(isComplete(chain(node('a', source, true), node('b', sink, idle)))).toBe(complete);
  });

  it('never comes for a graph without sources', () => {
    const a = node('a', 'running', true);
    const b = node('b', 'running', true);
    const upstream = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['a'])],
    ]);
    expect(isComplete({ nodes: [a, b], upstream })).toBe(false);
  });

  it('looks at both sides of a cycle behind a source', () => {
    const wiring = (idle: boolean): Wiring => ({
      nodes: [node('s', 'finished', true), node('a', 'running', true), node('b', 'running', idle)],
      upstream: new Map([
        ['a', new Set(['s', 'b'])],
        ['b', new Set(['a'])],
      ]),
    });
    expect(isComplete(wiring(true))).toBe(true);
    expect(isComplete(wiring(false))).toBe(false);
  });
});
