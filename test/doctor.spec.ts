import { dirname, join } from 'node:path';
import { connectNamed, isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { clients } from './harness/processes.js';
import { checkout, World } from './harness/world.js';

interface Finding {
  readonly symptom: string;
  readonly what: string;
  readonly cause: string;
  readonly next: string;
}

let world: World;
beforeEach(async () => {
  world = await World.open('doctor');
  world.sandbox.env.STREAMLIB_SPARE = '0';
});
afterEach(() => world.close());

async function doctor(...args: string[]): Promise<{ code: number | string; findings: Finding[] }> {
  const program = world.streamlib('doctor', ...args, '--json');
  const code = await program.exited;
  const { findings } = JSON.parse(program.lines.join('\n')) as { findings: Finding[] };
  return { code, findings };
}

/** Asked again until it finds something: some troubles take their time to be troubles. */
async function found(symptom: string): Promise<Finding> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const finding = (await doctor()).findings.find((each) => each.symptom === symptom);
    if (finding !== undefined) return finding;
  }
  throw new Error(`the doctor never found ${symptom}`);
}

const broker = (...args: string[]) => world.node(join(checkout, 'broker/bin/streamlib-broker.js'), args);

async function answering(): Promise<void> {
  await expect.poll(() => world.brokerPid(), { timeout: 10_000 }).not.toBeNull();
}

describe('the doctor finds', () => {
  it('nothing, where a graph runs', async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    expect(await doctor()).toEqual({ code: 0, findings: [] });
    expect(await doctor('graph-program')).toEqual({ code: 0, findings: [] });
  });

  it('a broker that does not run', async () => {
    const { code, findings } = await doctor();
    expect(code).toBe(3);
    expect(findings).toMatchObject([
      { symptom: 'broker_not_running', next: expect.stringContaining('broker start') },
    ]);
  });

  it('a runtime that was killed', async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    graph.kill('SIGKILL');
    await graph.exited;
    const { runtimeId } = { runtimeId: 'graph-program' };
    await expect
      .poll(async () => (await doctor(runtimeId)).findings.length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    expect(await found('runtime_not_found')).toMatchObject({
      what: expect.stringMatching(/^runtime graph-program \(.*is gone$/),
      cause: expect.stringContaining('ended without a message'),
    });
  });

  it('a subprocess that is stopped before it contacts anybody, and then that its time is over', async () => {
    broker('--timeout-secs', '12', '--monitor-interval', '0.2');
    await answering();
    const graph = world.graph('invert.py');
    const pid = await eventually('the subprocess starts', () => clients(graph.pid)[0], 20_000);
    process.kill(pid, 'SIGSTOP');
    expect(await found('subprocess_not_responding')).toMatchObject({
      what: expect.stringMatching(/^effect \(connection \w+\) has been awaiting_client for /),
      cause: expect.stringContaining(`process ${pid} is running, but has not contacted the broker`),
    });
    expect(await found('timeout_waiting_for_client')).toMatchObject({
      cause: expect.stringContaining('timed out after 12 s: client never contacted the broker'),
    });
    process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => !isRunning(pid));
  }, 60_000);

  it('a process that asked the relay for what it may not have', async () => {
    await world.streamlib('broker', 'start').exited;
    const { env, home } = world.sandbox;
    const relay = connectNamed(join(dirname(home), 'streamlib', `${env.STREAMLIB_BROKER_XPC_SERVICE}.sock`));
    const answered = new Promise<void>((resolve) => {
      relay.onControl = () => resolve();
    });
    relay.start();
    relay.sendControl({ type: 'get_endpoint', connection_id: 'never-allocated' });
    await answered;
    relay.close();
    expect(await found('endpoint_refused')).toMatchObject({
      what: expect.stringContaining(`process ${process.pid} was refused for connection never-allocated`),
      cause: 'endpoint not given: no such connection',
    });
  });
});
