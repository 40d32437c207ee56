import { isRunning } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BrokerClient } from '../broker/broker-client.js';
import { collector } from '../testing/processors.js';
import { brokerPid, openSandbox, type Sandbox } from '../testing/sandbox.js';
import { pythonFile, type Watched, watched } from '../testing/world.js';

const PATIENT = { timeout: 20_000 };
let sandbox: Sandbox;
let world: Watched;
let client: BrokerClient;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => {
  world = watched({ live: true });
  client = new BrokerClient();
});
afterEach(async () => {
  client.close();
  await world.runtime.stop();
});

const known = async () => (await client.status())?.processorCount;

describe('what the broker knows of a graph that changes', () => {
  it('forgets Python processors that were removed or gave way to another type', async () => {
    const { runtime } = world;
    const python = { file: pythonFile('invert.py') };
    runtime.add('one', 'python', python).add('two', 'python', python);
    await runtime.start();
    await expect.poll(known, PATIENT).toBe(2);
    await Promise.all([world.reaches('one', 'running'), world.reaches('two', 'running')]);

    await runtime.replaceNode('one', 'python', python);
    await runtime.replaceNode('two', collector('two').definition);
    await expect.poll(known, PATIENT).toBe(1);
    await runtime.addNode('three', 'python', python);
    await runtime.removeNode('one');
    await expect.poll(known, PATIENT).toBe(1);

    // One that has started anew is told of those that are there.
    const pid = Number(await brokerPid());
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isRunning(pid), PATIENT).toBe(false);
    await client.ensure(() => {}, AbortSignal.timeout(20_000));
    await expect.poll(known, PATIENT).toBe(1);
  }, 90_000);
});
