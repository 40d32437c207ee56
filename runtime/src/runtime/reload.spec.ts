import { describe, expect, it } from 'vitest';
import type { GraphSpec } from '../graph/spec.js';
import { applyDifference, pythonFiles, type Steps } from './reload.js';

const node = (id: string, file = `${id}.py`) => ({ id, node_type: 'python', params: { file } });
const graph = (nodes: GraphSpec['nodes'], connections: GraphSpec['connections'] = []): GraphSpec => ({
  name: 'test',
  nodes,
  connections,
});

/** Steps of which those that are named fail. */
function steps(...failing: string[]): Steps & { readonly done: string[] } {
  const done: string[] = [];
  const step = async (what: string) => {
    if (failing.includes(what)) throw new Error(`${what} failed`);
    done.push(what);
  };
  return {
    done,
    disconnect: ({ from, to }) => step(`disconnect ${from} ${to}`),
    remove: ({ id }) => step(`remove ${id}`),
    replace: ({ id }) => step(`replace ${id}`),
    add: ({ id }) => step(`add ${id}`),
    connect: ({ from, to }) => step(`connect ${from} ${to}`),
    has: (id) => id !== 'gone',
  };
}

describe('a manifest that was changed', () => {
  it('what could not be applied is tried again the next time, and nothing else', async () => {
    const before = graph([node('a'), node('b'), node('old')], [{ from: 'a', to: 'b' }]);
    const after = graph([node('a', 'new.py'), node('b'), node('c')], [{ from: 'b', to: 'c' }]);
    const everything = ['disconnect a b', 'remove old', 'replace a', 'add c', 'connect b c'];
    for (const failing of everything) {
      const first = await applyDifference(before, after, steps(failing));
      expect(first.wrong).toEqual([`${failing} failed`]);
      const again = steps();
      const second = await applyDifference(first.spec, after, again);
      expect(again.done).toEqual([failing]);
      expect(second.wrong).toEqual([]);
      expect((await applyDifference(second.spec, after, steps())).spec).toEqual(after);
    }
  });

  it('a node that somebody else has taken out is not taken out again and again', async () => {
    const { wrong, spec } = await applyDifference(graph([node('gone')]), graph([]), steps('remove gone'));
    expect(wrong).toHaveLength(1);
    expect(spec.nodes).toEqual([]);
  });

  it('names its Python files wherever it was read from', () => {
    const other = { id: 'd', node_type: 'display', params: {} };
    expect(pythonFiles(graph([node('a'), node('b', '/abs/b.py'), other]), '/graphs')).toEqual([
      '/graphs/a.py',
      '/abs/b.py',
    ]);
  });
});
