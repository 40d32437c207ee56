import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Listener } from '@streamlib/host-bridge';
import { LiveConnection } from '@streamlib/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker } from '../testing/asker.js';
import { Caller } from '../testing/caller.js';
import { ManualTimers } from '../testing/world.js';
import { takeInherited } from './inherited.js';
import { Notifier } from './notifier.js';

describe('what systemd hands over', () => {
  const given = () => ({ LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:endpoint-x', HOME: '/' });

  it('is taken, with its names, and out of the environment', () => {
    const env = given();
    expect(takeInherited(env, 7)).toEqual([
      { fd: 3, name: 'a' },
      { fd: 4, name: 'b' },
      { fd: 5, name: 'endpoint-x' },
    ]);
    expect(env).toEqual({ HOME: '/' });
  });

  it('is left alone where it is meant for another process, or is not there', () => {
    expect(takeInherited(given(), 8)).toEqual([]);
    expect(takeInherited({}, 7)).toEqual([]);
    expect(() => takeInherited({ LISTEN_PID: '7', LISTEN_FDS: 'many' }, 7)).toThrow('LISTEN_FDS is "many"');
  });
});

describe('what systemd is told', () => {
  it('is that the broker is ready, and then, three times in each period, that it still turns', () => {
    const told: string[] = [];
    const timers = new ManualTimers();
    const notifier = new Notifier((state) => told.push(state), 300);
    notifier.ready('Serving', timers);
    timers.fire();
    notifier.stopping();
    timers.fire();
    expect(told).toEqual(['READY=1\nSTATUS=Serving', 'WATCHDOG=1', 'STOPPING=1\nSTATUS=Stopping']);
  });

  it('never matters: a manager that is away fails nothing', () => {
    const errors: unknown[] = [];
    const fail = () => {
      throw new Error('away');
    };
    new Notifier(fail, 300, (error) => errors.push(error)).ready('Serving', new ManualTimers());
    expect(errors).toHaveLength(1);
    new Notifier(null).forget('abc');
  });
});

/** The broker under a service manager, as a process of its own. */
class Managed {
  readonly folder = mkdtempSync(join(tmpdir(), 'streamlib-systemd-'));
  readonly relayPath = join(this.folder, 'streamlib', 'com.tatolab.streamlib.broker.sock');
  readonly events: Record<string, unknown>[] = [];
  private readonly child: ChildProcess;
  private wake: () => void = () => undefined;

  constructor() {
    const script = fileURLToPath(new URL('../testing/service_manager.py', import.meta.url));
    const program = fileURLToPath(new URL('../../bin/streamlib-broker.js', import.meta.url));
    this.child = spawn('python3', [script, this.relayPath, process.execPath, program], {
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        STREAMLIB_HOME: this.folder,
        XDG_RUNTIME_DIR: this.folder,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.events.push(JSON.parse(line) as Record<string, unknown>);
      this.wake();
    });
  }

  async event<T>(pick: (event: Record<string, unknown>) => T | undefined, from = 0): Promise<T> {
    for (let seen = from; ; seen++) {
      while (seen >= this.events.length)
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      const found = pick(this.events[seen] ?? {});
      if (found !== undefined) return found;
    }
  }

  notified(name: string, from = 0): Promise<Record<string, unknown>> {
    return this.event(
      (event) =>
        (event.notified as object | undefined) && name in (event.notified as object) ? event : undefined,
      from,
    );
  }

  say(command: 'start' | 'kill' | 'stop'): void {
    this.child.stdin?.write(`${command}\n`);
  }

  token(): string {
    return readFileSync(join(this.folder, 'broker.token'), 'utf8').trim();
  }

  async close(): Promise<void> {
    this.child.stdin?.end();
    await once(this.child, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('the broker as a service', () => {
  let managed: Managed;
  beforeEach(() => {
    managed = new Managed();
  });
  afterEach(() => managed.close());

  it('serves at the sockets that it was given, says when it is ready, beats, and leaves the sockets where they are', async () => {
    const address = await managed.event((event) => event.address as string | undefined);
    managed.say('start');
    expect(await managed.notified('READY')).toMatchObject({ notified: { STATUS: `Serving ${address}` } });
    const caller = new Caller(address, managed.token());
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ grpcAddress: address });
    const asker = new Asker(managed.relayPath);
    expect((await asker.get('nobody')).message).toMatchObject({ error: 'connection_not_found' });
    asker.close();
    await managed.notified('WATCHDOG');
    caller.close();
    managed.say('stop');
    expect(await managed.event((event) => event.ended as number | undefined)).toBe(0);
    await managed.notified('STOPPING');
    expect(existsSync(managed.relayPath)).toBe(true);
  });

  it('a call that comes before it runs waits, and is answered', async () => {
    const address = await managed.event((event) => event.address as string | undefined);
    managed.say('start');
    await managed.notified('READY');
    const token = managed.token();
    managed.say('kill');
    await managed.event((event) => event.ended as number | undefined);
    const caller = new Caller(address, token);
    const answer = caller.call((c) => c.getStatus, {});
    managed.say('start');
    expect(await answer).toMatchObject({ status: 'healthy' });
    caller.close();
  });

  it('an endpoint that was stored outlives it: the next one hands it out, though the host does nothing', async () => {
    const address = await managed.event((event) => event.address as string | undefined);
    managed.say('start');
    await managed.notified('READY');
    const caller = new Caller(address, managed.token());
    const id = await caller.allocate();
    const listener = Listener.anonymous();
    const endpoint = listener.endpoint();
    const host = new Asker(managed.relayPath);
    expect(await host.store(id, endpoint)).toMatchObject({ success: true });
    endpoint.close();
    expect(await managed.notified('FDSTORE')).toMatchObject({ handles: 1, stored: [`endpoint-${id}`] });
    managed.say('kill');
    await managed.event((event) => event.ended as number | undefined);
    const seen = managed.events.length;
    managed.say('start');
    await managed.notified('READY', seen);
    const again = new Caller(address, managed.token());
    const live = { connectionId: id, processorId: 'effect', hostState: 'alive', clientState: 'pending' };
    await again.register({ pid: process.pid, connections: [LiveConnection.fromPartial(live)] });
    expect(await again.entry(id)).toMatchObject({ hostState: 'xpc_ready', hostXpcEndpointStored: true });
    const client = new Asker(managed.relayPath);
    const { message, endpoint: found } = await client.get(id);
    expect(message).toMatchObject({ found: true });
    found?.close();
    // When nobody needs it any more, the manager is told to let go of it.
    await again.end(id);
    expect(await managed.notified('FDSTOREREMOVE', seen)).toMatchObject({ stored: [] });
    for (const one of [caller, again, client]) one.close();
    host.close();
    listener.close();
  });
});
