import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.js';
import { clients } from '../harness/processes.js';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('broker-killed');
});
afterEach(() => world.close());

interface Status {
  readonly pid: number;
  readonly runtime_count: number;
  readonly ready_count: number;
  readonly pending_count: number;
}

async function killBroker(): Promise<void> {
  const broker = Number(await world.brokerPid());
  process.kill(broker, 'SIGKILL');
  await eventually('the broker is dead', () => !isRunning(broker));
}

describe('a broker that is killed', () => {
  it('in flow: no frame is lost, and the new broker knows the runtime and its connection', async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    const [client] = clients(graph.pid);
    await killBroker();
    const seen = graph.lines.length;
    await graph.event('frames', 20_000, seen);
    await world.streamlib('broker', 'start').exited;
    const truth = async () => {
      const status = await world.json<Status>('broker', 'status');
      return (
        status && { runtimes: status.runtime_count, ready: status.ready_count, pending: status.pending_count }
      );
    };
    await expect.poll(truth, { timeout: 30_000 }).toEqual({ runtimes: 1, ready: 1, pending: 0 });
    expect(clients(graph.pid)).toEqual([client]);
    graph.kill('SIGTERM');
    expect(await graph.event('stopped')).toMatchObject({ wrong: 0, gaps: 0 });
    expect(await graph.exited).toBe(0);
  });

  it('in the handshake: the handshake waits and goes on, with nobody to start the broker again', async () => {
    await world.streamlib('broker', 'start').exited;
    const graph = world.graph('invert.py');
    await eventually('the subprocess starts', () => clients(graph.pid).length > 0, 20_000);
    await killBroker();
    const frames = await graph.event('frames', 60_000);
    expect(frames).toMatchObject({ wrong: 0, gaps: 0 });
  }, 90_000);
});
