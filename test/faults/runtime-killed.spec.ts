import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { clients, descriptors } from '../harness/processes.js';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('runtime-killed');
});
afterEach(() => world.close());

interface Connection {
  readonly derived_state: string;
  readonly failure_reason?: string;
}

async function expectNothingLeft(
  subprocesses: readonly number[],
  broker: number,
  before: Map<string, number>,
) {
  await eventually('the subprocesses end with their runtime', () =>
    subprocesses.every((pid) => !isRunning(pid)),
  );
  const runtimes = async () => (await world.json<unknown[]>('broker', 'runtimes'))?.length;
  await expect.poll(runtimes, { timeout: 30_000 }).toBe(0);
  await expect
    .poll(async () => {
      const connections = (await world.json<Connection[]>('broker', 'connections')) ?? [];
      return connections.filter(({ derived_state }) => derived_state !== 'failed').length;
    })
    .toBe(0);
  // Its endpoints and connections are gone from the broker; what Node opens for itself is there before and after.
  const excess = () => {
    const now = descriptors(broker);
    return [...now].filter(
      ([kind, count]) => /socket|memfd|deleted|\.sock/.test(kind) && count > (before.get(kind) ?? 0),
    );
  };
  await expect.poll(excess, { timeout: 10_000 }).toEqual([]);
}

describe('a runtime that is killed', () => {
  it('leaves nothing behind in flow: no subprocess, no record, no descriptor', async () => {
    await world.streamlib('broker', 'start').exited;
    const broker = Number(await world.brokerPid());
    const before = descriptors(broker);
    const graph = world.graph('invert.py');
    await graph.event('frames');
    const subprocesses = clients(graph.pid);
    expect(subprocesses.length).toBeGreaterThan(0);
    graph.kill('SIGKILL');
    expect(await graph.exited).toBe('SIGKILL');
    await expectNothingLeft(subprocesses, broker, before);
  });

  it('leaves nothing behind in the handshake', async () => {
    await world.streamlib('broker', 'start').exited;
    const broker = Number(await world.brokerPid());
    const before = descriptors(broker);
    const graph = world.graph('invert.py');
    await graph.event('node');
    const subprocesses = await eventually(
      'the subprocess starts',
      () => {
        const found = clients(graph.pid);
        return found.length > 0 && found;
      },
      20_000,
    );
    graph.kill('SIGKILL');
    await graph.exited;
    await expectNothingLeft(subprocesses, broker, before);
  });
});
