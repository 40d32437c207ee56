import { describe, expect, it } from 'vitest';
import { differenceOf } from './diff.js';
import type { ConnectionSpec, GraphSpec } from './spec.js';

const graph = (nodes: Record<string, object>, connections: ConnectionSpec[] = []): GraphSpec => ({
  name: 'g',
  nodes: Object.entries(nodes).map(([id, params]) => ({ id, node_type: 'x', params: { ...params } })),
  connections,
});
const nothing = { disconnect: [], remove: [], replace: [], add: [], connect: [] };

describe('the difference of two graphs', () => {
  it('is nothing where they are the same, whatever the order of keys', () => {
    const before = graph({ a: { x: 1, y: { p: 1, q: 2 } } });
    expect(differenceOf(before, graph({ a: { y: { q: 2, p: 1 }, x: 1 } }))).toEqual(nothing);
  });

  it('names what came, went and changed', () => {
    const before = graph({ a: {}, b: { n: 1 }, c: {} }, [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ]);
    const after = graph({ a: {}, b: { n: 2 }, d: {} }, [
      { from: 'a', to: 'b', delivery: 'lossless' },
      { from: 'b', to: 'd' },
    ]);
    const found = differenceOf(before, after);
    expect(found.remove.map(({ id }) => id)).toEqual(['c']);
    expect(found.replace.map(({ id }) => id)).toEqual(['b']);
    expect(found.add.map(({ id }) => id)).toEqual(['d']);
    expect(found.disconnect).toEqual([{ from: 'a', to: 'b' }]);
    expect(found.connect).toEqual(after.connections);
  });

  it('sees that a connection is to go another way', () => {
    const link = { from: 'a', to: 'b' };
    const found = differenceOf(
      graph({ a: {}, b: {} }, [link]),
      graph({ a: {}, b: {} }, [{ ...link, direct: false }]),
    );
    expect(found).toEqual({ ...nothing, disconnect: [link], connect: [{ ...link, direct: false }] });
  });
});
