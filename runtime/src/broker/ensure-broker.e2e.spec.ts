import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DescriptorLimit } from '../../../host-bridge/src/testing/descriptors.js';
import { startPipeline } from '../testing/pipeline.js';
import { brokerPid, openSandbox, type Sandbox } from '../testing/sandbox.js';
import { pythonFile, type Watched, watched } from '../testing/world.js';
import { BrokerClient } from './broker-client.js';
import { ensureBroker } from './ensure-broker.js';

let sandbox: Sandbox;
const worlds: Watched[] = [];

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterEach(async () => {
  await Promise.all(worlds.splice(0).map(({ runtime }) => runtime.stop()));
});
afterAll(() => sandbox.close());

async function killBroker(): Promise<void> {
  const pid = await brokerPid();
  if (pid === null) return;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 1 }).toBe(false);
}

function open(): Watched {
  const world = watched();
  worlds.push(world);
  return world;
}

describe('ensureBroker', () => {
  it('gives two runtimes that start at once one broker', async () => {
    const [first, second] = await Promise.all([startElsewhere(), startElsewhere()]);
    expect(first).toBe(second);
    expect(await brokerPid()).toBe(first);
  });

  it('leaves the broker running when the runtime ends', async () => {
    const world = open();
    await world.runtime.start();
    const pid = await brokerPid();
    await world.runtime.stop();
    expect(pid).not.toBeNull();
    expect(isRunning(Number(pid))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('says so when the runtime may open no descriptor', async () => {
    const descriptors = new DescriptorLimit();
    const signal = AbortSignal.timeout(20_000);
    const status = async () => null;
    const address = () => '127.0.0.1:1';
    const options = { status, address, movable: false, onProgress: () => {}, signal };
    try {
      const refused = descriptors.starve(() => ensureBroker(options));
      await expect(refused).rejects.toMatchObject({
        code: 'broker_unavailable',
        message: expect.stringMatching(/could not be started: .*EMFILE.*limits/),
      });
    } finally {
      descriptors.close();
    }
  });
});

describe('a broker that dies', () => {
  it('does not touch connections that are ready, and knows them again when it comes back', async () => {
    const world = open();
    const { source, sink } = await startPipeline(world, { file: pythonFile('invert.py') });
    await world.reaches('effect', 'running');
    const connection = world.runtime.stats().nodes.effect?.connection_id;
    await killBroker();
    source.send(1);
    await expect.poll(() => sink.frames.length).toBe(1);
    await expect.poll(() => world.lines.some((line) => line.message.includes('is gone'))).toBe(true);

    const client = new BrokerClient();
    await client.ensure(() => {}, AbortSignal.timeout(20_000));
    await expect.poll(async () => (await client.status())?.readyCount, { timeout: 10_000 }).toBe(1);
    client.close();
    expect(world.runtime.stats().nodes.effect).toMatchObject({ connection_id: connection, restarts: 0 });
    source.send(2);
    await expect.poll(() => sink.frames.length).toBe(2);
  });

  it('lets a handshake wait, and go on', async () => {
    const world = open();
    world.runtime.add('effect', 'python', { file: pythonFile('invert.py') });
    await world.runtime.start();
    await expect.poll(() => world.runtime.stats().nodes.effect?.pid, { interval: 1 }).not.toBeNull();
    await killBroker();
    const client = new BrokerClient();
    await client.ensure(() => {}, AbortSignal.timeout(20_000));
    client.close();
    await world.reaches('effect', 'running');
  });
});

/** `ensure()` in a process of its own; gives the pid of the broker that it found. */
function startElsewhere(): Promise<number> {
  const module = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const script = `
    const { BrokerClient } = await import(${JSON.stringify(module)});
    const client = new BrokerClient();
    await client.ensure(() => {}, AbortSignal.timeout(20000));
    console.log((await client.status()).pid);
    client.close();
  `;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('close', (code) => {
      if (code === 0) resolve(Number(output));
      else reject(new Error(`exit code ${code}`));
    });
  });
}
