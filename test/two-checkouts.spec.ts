// Two checkouts, or installations, that would use the same port.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, World } from './harness/world.js';

let world: World;
let other: World;
beforeEach(async () => {
  [world, other] = [await World.open('checkout-a'), await World.open('checkout-b')];
  for (const { sandbox } of [world, other]) {
    delete sandbox.env.STREAMLIB_BROKER_PORT;
    delete sandbox.env.STREAMLIB_BROKER_ENDPOINT;
    sandbox.env.STREAMLIB_BROKER_USUAL_PORT = String(world.sandbox.port);
  }
});
afterEach(async () => {
  await world.close();
  await other.close();
});

interface Status {
  readonly pid: number;
  readonly grpc_address: string;
}

describe('S9: two on one port', () => {
  it('both work: the second takes another port, and is found by its state directory', async () => {
    const first = await world.json<Status>('broker', 'start');
    expect(first?.grpc_address).toBe(`127.0.0.1:${world.sandbox.port}`);
    const graph = other.graph('invert.py');
    await graph.event('frames', 30_000);
    const second = await other.json<Status>('broker', 'status');
    expect(second?.grpc_address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(second?.grpc_address).not.toBe(first?.grpc_address);
    // Nothing of the first was touched, and each finds its own.
    expect((await world.json<Status>('broker', 'status'))?.pid).toBe(first?.pid);
    expect((await other.json<Status>('broker', 'restart'))?.grpc_address).toMatch(/^127/);
    const said = [...graph.lines, ...graph.errors].join('\n');
    expect(said).not.toMatch(/kill|stop it/);
    const stopped = other.streamlib('broker', 'stop');
    expect(await stopped.exited, stopped.report()).toBe(0);
    expect((await world.json<Status>('broker', 'status'))?.pid).toBe(first?.pid);
  }, 90_000);

  it('a port that any other program has does not keep a graph from running', async () => {
    const taken = createServer((socket) => socket.destroy());
    await once(taken.listen(world.sandbox.port, '127.0.0.1'), 'listening');
    try {
      const graph = world.graph('invert.py');
      await graph.event('frames', 30_000);
    } finally {
      taken.close();
    }
  }, 60_000);

  it('where the port was said, it is one short message, without advice to end what is not ours', async () => {
    const taken = createServer((socket) => socket.destroy());
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    world.sandbox.env.STREAMLIB_BROKER_PORT = String(port);
    const runs = world.streamlib('run', join(checkout, 'examples/camera-python-display/graph.yaml'));
    expect(await runs.exited).toBe(1);
    taken.close();
    const text = runs.errors.join('\n');
    expect(text).toContain('STREAMLIB_BROKER_PORT');
    expect(runs.errors.length, text).toBeLessThan(8);
    expect(text).not.toMatch(/kill|stop it/);
  }, 60_000);

  it('one checkout with two state directories has two brokers', async () => {
    const command = join(checkout, '.streamlib/bin/streamlib');
    const started = [];
    for (const { sandbox } of [world, other]) {
      delete sandbox.env.STREAMLIB_BROKER_XPC_SERVICE;
      sandbox.env.XDG_RUNTIME_DIR = dirname(world.sandbox.home);
    }
    for (const each of [world, other]) {
      const program = each.with(command, ['broker', 'start', '--json']);
      expect(await program.exited, program.report()).toBe(0);
      started.push(JSON.parse(program.lines.join('\n')) as Status);
    }
    expect(started[0]?.pid).not.toBe(started[1]?.pid);
    for (const each of [world, other]) expect(await each.with(command, ['broker', 'stop']).exited).toBe(0);
  }, 60_000);

  it('a checkout has a port of its own, derived from its path', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sl-checkouts-')));
    try {
      const ports = ['one', 'two'].map((name) => {
        mkdirSync(join(folder, name, 'scripts'), { recursive: true });
        cpSync(join(checkout, 'scripts/dev-setup.sh'), join(folder, name, 'scripts/dev-setup.sh'));
        execFileSync('bash', [join(folder, name, 'scripts/dev-setup.sh'), '--quiet']);
        const text = readFileSync(join(folder, name, '.streamlib/bin/streamlib'), 'utf8');
        return Number(/USUAL_PORT:-(\d+)/.exec(text)?.[1]);
      });
      expect(ports[0]).not.toBe(ports[1]);
      for (const port of ports) expect(port >= 20_000 && port < 32_000).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
