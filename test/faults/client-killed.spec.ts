import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { clients, descriptors, type Program } from '../harness/processes.js';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('client-killed');
});
afterEach(() => world.close());

/** The Python node's next change into a state, in the program's output from a line on. */
function nodeState(graph: Program, state: string, from: number): Promise<Record<string, unknown>> {
  return graph.line(
    (line) => {
      if (!line.startsWith('{"event":"node"')) return undefined;
      const event = JSON.parse(line) as Record<string, unknown>;
      return event.node === 'effect' && event.state === state ? event : undefined;
    },
    30_000,
    from,
  );
}

describe('a client that is killed', () => {
  it.each([1, 2, 3])('in the handshake, %i times over, is started again, and frames flow', async (times) => {
    const graph = world.graph('invert.py');
    for (let n = 0; n < times; n++) {
      const from = graph.lines.length;
      const [client] = await eventually(
        'a subprocess starts',
        () => {
          const found = clients(graph.pid);
          return found.length > 0 && found;
        },
        20_000,
      );
      process.kill(Number(client), 'SIGKILL');
      await nodeState(graph, 'waiting', from);
    }
    expect(await graph.event('frames', 60_000)).toMatchObject({ wrong: 0 });
  });

  it('in flow, again and again, gives everything back: descriptors and mappings stay at their baseline', async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    const kill = async () => {
      const from = graph.lines.length;
      process.kill(Number(clients(graph.pid)[0]), 'SIGKILL');
      await nodeState(graph, 'waiting', from);
      await nodeState(graph, 'running', from);
      await graph.event('frames', 20_000, from);
    };
    const held = async () => {
      const from = graph.lines.length;
      graph.kill('SIGHUP');
      await graph.event('collected', 5_000, from);
      return descriptors(graph.pid);
    };
    await kill();
    const before = await held();
    // A pool may have grown in the jam that a kill makes: by a segment at a time, to its limit of 16 slots. What each
    // kill would leave behind is more than that.
    const room = 3;
    const times = 4;
    for (let n = 0; n < times; n++) await kill();
    const growth = async () =>
      [...(await held())].filter(([kind, count]) => {
        const most = (before.get(kind) ?? 0) + (kind.includes('streamlib-frames') ? room : 0);
        return count > most;
      });
    await expect.poll(growth, { timeout: 10_000 }).toEqual([]);
    graph.kill('SIGTERM');
    const stopped = await graph.event('stopped');
    expect(stopped).toMatchObject({ wrong: 0 });
    expect((stopped.stats as { restarts: number }).restarts).toBe(times + 1);
    expect(await graph.exited).toBe(0);
  });
});
