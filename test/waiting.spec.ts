// What an operator sees of a connection that does not come about.

import { join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { clients } from './harness/processes.js';
import { World } from './harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('waiting');
  world.sandbox.env.STREAMLIB_SPARE = '0';
});
afterEach(() => world.close());

/** What `streamlib broker connections` prints, asked again until there is a line that fits. */
async function connections(line: RegExp): Promise<string> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const program = world.streamlib('broker', 'connections');
    await program.exited;
    const found = program.lines.find((each) => line.test(each));
    if (found !== undefined) return found;
  }
  throw new Error(`streamlib broker connections never showed ${line}`);
}

describe('a connection', () => {
  it('that waits says on whom, since when, how long yet and for what; then it is ready and waits no more', async () => {
    const graph = world.graph('invert.py');
    const pid = await eventually('the subprocess starts', () => clients(graph.pid)[0], 20_000);
    process.kill(pid, 'SIGSTOP');
    expect(await connections(/ awaiting_client /)).toMatch(
      /^\w\S{19} +\w{12} +effect +awaiting_client +\d+s +on client for \d+s, (4m \d+s|5m) left: the Python process has not contacted the broker yet$/,
    );
    process.kill(pid, 'SIGCONT');
    await graph.event('frames');
    expect(await connections(/ ready /)).toMatch(/ effect +ready +\d+s *$/);
  });

  it('whose process ended says how', async () => {
    const graph = world.graph('invert.py', 'invert', JSON.stringify({ restart: 'never' }));
    await graph.event('frames');
    const [pid] = clients(graph.pid);
    if (pid === undefined) throw new Error('there is no subprocess');
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => !isRunning(pid));
    expect(await connections(/ failed /)).toMatch(/ failed +\d+s +the subprocess was killed by SIGKILL$/);
  });
});

it('the doctor finds a bridge that is not ready: the file is still being imported', async () => {
  Object.assign(world.sandbox.env, {
    STREAMLIB_TEST_IMPORT: 'hangs',
    STREAMLIB_TEST_ONCE: join(world.sandbox.home, '..', 'once'),
  });
  const graph = world.graph('misbehaves.py', 'IgnoresSigterm');
  const pid = await eventually('the subprocess starts', () => clients(graph.pid)[0], 20_000);
  const found = async () => {
    const program = world.streamlib('doctor', '--json');
    await program.exited;
    const { findings } = JSON.parse(program.lines.join('\n')) as { findings: { symptom: string }[] };
    return findings.find(({ symptom }) => symptom === 'bridge_not_ready');
  };
  await expect.poll(found, { timeout: 25_000 }).toMatchObject({
    what: expect.stringContaining('effect is connected, but has been starting for'),
    cause: `its file is still being imported, or its setup() is running (process ${pid})`,
    next: expect.stringContaining(`py-spy dump --pid ${pid}`),
  });
}, 60_000);
