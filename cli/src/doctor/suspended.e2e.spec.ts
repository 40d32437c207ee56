import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clients } from '../../../test/harness/processes.js';
import { World } from '../../../test/harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('suspended');
  world.sandbox.env.STREAMLIB_SPARE = '0';
});
afterEach(() => world.close());

interface Report {
  readonly findings: { symptom: string; what: string; next: string }[];
}

async function doctor(): Promise<Report> {
  const program = world.streamlib('doctor', '--json');
  await program.exited;
  return JSON.parse(program.lines.join('\n')) as Report;
}

it.runIf(process.platform === 'linux')(
  'a ready Python process that was frozen was told as well; a runtime that ended in order leaves nothing to be told',
  async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    const [pid] = clients(graph.pid);
    expect(pid).toBeDefined();
    process.kill(Number(pid), 'SIGSTOP');
    expect((await doctor()).findings).toMatchObject([
      {
        symptom: 'subprocess_not_responding',
        what: expect.stringContaining(`process ${pid} does nothing`),
        next: expect.stringContaining(`kill -CONT ${pid}`),
      },
    ]);
    // So that its connection fails, and a newer one follows.
    process.kill(Number(pid), 'SIGKILL');
    await expect.poll(() => isRunning(Number(pid)), { interval: 1 }).toBe(false);
    graph.kill('SIGTERM');
    await graph.exited;
    const rows = await world.json<{ state: string; pid: number }[]>('broker', 'processors');
    for (const row of rows ?? []) expect(row).toMatchObject({ state: 'stopped', pid: 0 });
    expect((await doctor()).findings).toEqual([]);
  },
  60_000,
);
