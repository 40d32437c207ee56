import { describe, expect, it } from 'vitest';
import { StreamlibError } from '../base/streamlib-error.js';
import type { GraphSpec } from '../graph/spec.js';
import { NodeTypes } from '../node-types/registry/registry.js';
import { applyDifference, filesOf, type Steps } from './reload.js';

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

  it('a connection whose successor does not come about goes on, and the successor is tried again', async () => {
    const before = graph(
      [node('a'), node('b'), node('c')],
      [
        { from: 'a.old', to: 'b' },
        { from: 'a.old', to: 'c' },
      ],
    );
    const after = graph(before.nodes, [{ from: 'a.new', to: 'b.in' }]);
    const first = steps('connect a.new b.in');
    const { wrong, spec } = await applyDifference(before, after, first);
    expect(wrong).toEqual(['connect a.new b.in failed']);
    expect(first.done).toEqual(['disconnect a.old b', 'disconnect a.old c', 'connect a.old b']);
    const again = steps();
    expect((await applyDifference(spec, after, again)).spec).toEqual(after);
    expect(again.done).toEqual(['disconnect a.old b', 'connect a.new b.in']);
  });

  it('a node whose file is another is replaced between what goes and what comes', async () => {
    const before = graph([node('a'), node('b')], [{ from: 'a.old', to: 'b' }]);
    const after = graph(before.nodes, [{ from: 'a.new', to: 'b' }]);
    const made = steps();
    await applyDifference(before, after, made, ({ id }) => id === 'a');
    expect(made.done).toEqual(['disconnect a.old b', 'replace a', 'connect a.new b']);
  });

  it('a port that the graph leaves open is looked for again where new code has others', async () => {
    const same = graph([node('a'), node('b')], [{ from: 'a', to: 'b' }]);
    const made = steps();
    let fits = false;
    const replace = async (what: { id: string }) => {
      if (!fits) throw new StreamlibError('graph', 'no such port');
      await made.replace(what as never);
    };
    const disconnect: Steps['disconnect'] = async (link) => {
      fits = true;
      await made.disconnect(link);
    };
    const { wrong } = await applyDifference(
      same,
      same,
      { ...made, replace, disconnect },
      ({ id }) => id === 'a',
    );
    expect(wrong).toEqual([]);
    expect(made.done).toEqual(['disconnect a b', 'replace a', 'connect a b']);
    // Whatever comes of the code, what was connected is.
    const never = steps();
    const failing = () => Promise.reject(new StreamlibError('graph', 'no such port'));
    const second = await applyDifference(same, same, { ...never, replace: failing }, ({ id }) => id === 'a');
    expect(second.wrong).toEqual(['no such port']);
    expect(never.done).toEqual(['disconnect a b', 'connect a b']);
  });

  it('a node that somebody else has taken out is not taken out again and again', async () => {
    const { wrong, spec } = await applyDifference(graph([node('gone')]), graph([]), steps('remove gone'));
    expect(wrong).toHaveLength(1);
    expect(spec.nodes).toEqual([]);
  });

  it('names its Python files wherever it was read from', () => {
    const other = { id: 'd', node_type: 'display', params: {} };
    expect(filesOf([node('a'), node('b', '/abs/b.py'), other], '/graphs', new NodeTypes())).toEqual([
      '/graphs/a.py',
      '/abs/b.py',
    ]);
  });
});
