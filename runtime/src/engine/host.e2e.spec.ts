import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata } from '@grpc/grpc-js';
import { brokerAddress, brokerToken, type debugCounts, isRunning } from '@streamlib/host-bridge';
import { BrokerServiceClient, type RuntimeEntry } from '@streamlib/proto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPipeline } from '../testing/pipeline.js';
import { collector, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { expectNothingLeft, held, pythonFile, type Watched, watched } from '../testing/world.js';
import { Host } from './host.js';

const PATIENT = { timeout: 60_000 };
const GRAPHS = 50;
const PYTHON = { file: pythonFile('invert.py') };
let sandbox: Sandbox;
let before: ReturnType<typeof debugCounts>;
const worlds: Watched[] = [];
const hosts: Host[] = [];

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
});
afterEach(async () => {
  await Promise.all(worlds.map(({ runtime }) => runtime.stop()));
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  expect(children()).toEqual([]);
  expect(Host.sharedCounts).toBeNull();
  await expectNothingLeft(before);
  for (const { runtime } of worlds.splice(0)) rmSync(runtime.logFile, { force: true });
});

function open(options: Parameters<typeof watched>[0] = {}): Watched {
  const world = watched(options);
  worlds.push(world);
  return world;
}

/** Python processes of this one. */
function children(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '' && commandOf(pid).includes('streamlib.'))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Descriptors of this process by kind: logs, sockets, memory files. */
function descriptors(kind: RegExp): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return kind.test(target) ? [target] : [];
    } catch {
      return [];
    }
  });
}

async function registered(): Promise<RuntimeEntry[]> {
  const address = brokerAddress();
  const grpc = new BrokerServiceClient(address, credentials.createInsecure());
  const metadata = new Metadata();
  const token = brokerToken(address);
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  try {
    return await new Promise((resolve, reject) =>
      grpc.listRuntimes({ runtimeId: '' }, metadata, (error, answer) =>
        error === null ? resolve(answer.runtimes) : reject(error),
      ),
    );
  } finally {
    grpc.close();
  }
}

const tookSpare = ({ lines }: Watched) =>
  lines.some(({ message }) => message === 'the spare process takes it on');

describe('the host of a process', () => {
  it('gives a second graph the spare process that the first had made, and goes with the last', async () => {
    const first = open();
    await startPipeline(first, PYTHON);
    await first.reaches('effect', 'running');
    // The one that the first took, where it did, and the one that it left.
    await expect.poll(() => Host.sharedCounts?.spares.waiting, PATIENT).toBe(1);
    const second = open();
    await startPipeline(second, PYTHON);
    await second.reaches('effect', 'running');
    expect(tookSpare(second)).toBe(true);
    expect(Host.sharedCounts).toMatchObject({ users: 2, brokerChannels: 1 });

    await first.runtime.stop();
    expect(Host.sharedCounts).toMatchObject({ users: 1, brokerChannels: 1 });
    await second.runtime.stop();
    expect(Host.sharedCounts).toBeNull();
    expect(children()).toEqual([]);
  }, 120_000);

  it('leaves nothing of fifty graphs, of which some fail and one is killed', async () => {
    // What the first graph of a process opens for good.
    const warmUp = open();
    await startPipeline(warmUp, PYTHON);
    await warmUp.reaches('effect', 'running');
    await warmUp.runtime.stop();
    const sockets = descriptors(/^socket:/).length;
    const start = held();

    const graphs = Array.from({ length: GRAPHS }, (_, index) => {
      const world = open({ name: `graph-${index}` });
      world.runtime
        .add('source', pattern().definition)
        .add('sink', collector().definition)
        .connect('source', 'sink');
      if (index % 10 === 0) world.runtime.add('effect', 'python', PYTHON);
      if (index % 10 === 5) world.runtime.add('none', 'no-such-type');
      if (index === 7) world.runtime.add('broken', 'python', { file: pythonFile('broken.py') });
      return world;
    });
    const results = await Promise.allSettled(graphs.map(({ runtime }) => runtime.start()));
    const refused = results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(refused).toEqual([5, 15, 25, 35, 45]);
    await graphs[7]?.reaches('broken', 'failed');
    await Promise.all([0, 10, 20, 30, 40].map((index) => graphs[index]?.reaches('effect', 'running')));

    expect(Host.sharedCounts).toMatchObject({ users: GRAPHS - refused.length, brokerChannels: 1 });
    const alive = graphs.filter((_, index) => !refused.includes(index));
    const entries = await registered();
    expect(entries.map(({ runtimeId, name }) => `${runtimeId} ${name}`).sort()).toEqual(
      alive.map(({ runtime }) => `${runtime.id} ${runtime.name}`).sort(),
    );

    const killed = graphs[20];
    process.kill(Number(killed?.runtime.stats().nodes.effect?.pid), 'SIGKILL');
    await killed?.reaches('effect', 'running', 2);
    // Half of them together, then the others together.
    for (const half of [alive.slice(0, 20), alive.slice(20)])
      await Promise.all(half.map(({ runtime }) => runtime.stop()));

    expect(Host.sharedCounts).toBeNull();
    expect(children()).toEqual([]);
    expect(await registered()).toEqual([]);
    await expectNothingLeft(start);
    expect(descriptors(/\.log$/)).toEqual([]);
    await expect.poll(() => descriptors(/^socket:/).length).toBeLessThanOrEqual(sockets);
  }, 240_000);
});

describe('a host of a program’s own', () => {
  it('keeps as many spare processes as asked while no graph runs, and ends them when it is closed', async () => {
    const host = Host.open({ spareProcesses: 2 });
    hosts.push(host);
    await expect.poll(() => host.counts.spares.waiting, PATIENT).toBe(2);
    for (let turn = 0; turn < 2; turn++) {
      const world = open({ host });
      await startPipeline(world, PYTHON);
      await world.reaches('effect', 'running');
      expect(tookSpare(world)).toBe(true);
      expect(Host.sharedCounts).toBeNull();
      await expect(host.close()).rejects.toThrow(/used by 1 runtimes or checkers; stop them first/);
      await world.runtime.stop();
    }
    expect(host.counts).toMatchObject({ users: 0, brokerChannels: 0, spares: { taken: 2 } });
    await host.close();
    await host.close();
    expect(children()).toEqual([]);

    const late = open({ host });
    await expect(late.runtime.start()).rejects.toThrow(/the host is closed/);
  }, 120_000);

  it('leaves no process when its own is killed', async () => {
    const entry = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
    const program = `
      import { Host } from ${JSON.stringify(entry)};
      const host = Host.open({ spareProcesses: 2 });
      const timer = setInterval(() => {
        if (host.counts.spares.waiting < 2) return;
        clearInterval(timer);
        console.log('ready');
        setInterval(() => {}, 1000);
      }, 10);`;
    const runtime = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: runtime.stdout }), 'line');
    const pids = readFileSync(`/proc/${runtime.pid}/task/${runtime.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    expect(pids.filter(isRunning)).toHaveLength(2);
    runtime.kill('SIGKILL');
    await expect.poll(() => pids.filter(isRunning), PATIENT).toEqual([]);
  }, 60_000);
});
