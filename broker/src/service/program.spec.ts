import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { Listener } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker } from '../testing/asker.js';
import { Caller } from '../testing/caller.js';
import { type Program, Sandbox } from '../testing/program.js';

// The built program: `npx tsc -b` before.

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

describe('one broker for each service name', () => {
  it('a second start says which process holds it, and exits with 4', async () => {
    const { program, caller } = await sandbox.serving();
    const second = await sandbox.start().ended;
    expect(second).toMatchObject({ code: 4, stdout: '' });
    expect(second.stderr).toContain(`process ${program.pid}`);
    expect(second.stderr).toContain('streamlib broker stop');
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ pid: program.pid });
    // The log of the one that runs was not written by the other.
    expect(sandbox.logLines().map((line) => line.msg)).toEqual(['broker started']);
  });

  it('of several that start at once, one runs', async () => {
    const programs = [sandbox.start(), sandbox.start(), sandbox.start()];
    const ready = await Promise.all(programs.map((program) => program.ready()));
    expect(ready.filter((said) => said !== null)).toHaveLength(1);
    const losers = programs.filter((_, index) => ready[index] === null);
    for (const loser of losers) expect(await loser.ended).toMatchObject({ code: 4 });
  });
});

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s: exits with 0 and leaves nothing held', async (signal) => {
    const { program, caller } = await sandbox.serving();
    const connectionId = await caller.allocate();
    const listener = Listener.anonymous();
    const endpoint = listener.endpoint();
    const asker = new Asker(sandbox.relayPath);
    await asker.store(connectionId, endpoint);
    endpoint.close();
    listener.close();
    expect(await program.kill(signal)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    await asker.dropped();
    expect(readdirSync(sandbox.sockets)).toEqual(['com.tatolab.streamlib.broker.lock']);
    expect(readFileSync(sandbox.lockPath, 'utf8')).toBe('');
    expect(sandbox.logLines().map((line) => line.msg)).toEqual(
      expect.arrayContaining(['broker started', 'broker stopping', 'broker stopped']),
    );
  });

  it('comes by itself when the state directory is removed, though another has taken its place', async () => {
    const { program } = await sandbox.serving();
    rmSync(sandbox.home, { recursive: true });
    mkdirSync(sandbox.home, { mode: 0o700 });
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect(readdirSync(sandbox.sockets)).toEqual(['com.tatolab.streamlib.broker.lock']);
  });

  it('kill -9: the next one takes over the socket and the lock, and adopts what lives', async () => {
    const first = await sandbox.serving();
    const connectionId = await first.caller.allocate();
    await first.program.kill('SIGKILL');
    expect(existsSync(sandbox.relayPath)).toBe(true);
    const second = await sandbox.serving();
    expect(second.id).not.toBe(first.id);
    expect(await second.caller.call((c) => c.getConnectionInfo, { connectionId })).toMatchObject({
      found: false,
    });
    const live = { connectionId, processorId: 'effect', hostState: 'acked', clientState: 'acked' };
    const { LiveConnection } = await import('@streamlib/proto');
    const answer = await second.caller.register({
      pid: process.pid,
      connections: [LiveConnection.fromPartial(live)],
    });
    expect(answer).toMatchObject({ adoptedConnectionIds: [connectionId], brokerInstanceId: second.id });
    const asker = new Asker(sandbox.relayPath);
    expect((await asker.get('nobody')).message).toMatchObject({ error: 'connection_not_found' });
    asker.close();
  });
});

describe('what keeps it from starting', () => {
  it('a port that another program has: says so, releases all, exits with 1', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    try {
      const { code, stderr } = await sandbox.start([], { STREAMLIB_BROKER_PORT: port }).ended;
      expect(code).toBe(1);
      expect(stderr).toContain(`127.0.0.1:${port}`);
      expect(stderr).toContain('STREAMLIB_BROKER_PORT');
      expect(existsSync(sandbox.relayPath)).toBe(false);
    } finally {
      other.close();
    }
    await sandbox.serving();
  });

  const refusals: [string, string[], NodeJS.ProcessEnv, number, string][] = [
    ['a descriptor that is not open', ['--ready-fd', '99'], {}, 2, '--ready-fd 99 is not an open descriptor'],
    [
      'a token that cannot be sent, which was printed with each call',
      [],
      { STREAMLIB_BROKER_TOKEN: 'a-token-of-the-user-é' },
      2,
      'STREAMLIB_BROKER_TOKEN cannot be sent',
    ],
    ['a state directory that cannot be', [], { STREAMLIB_HOME: '/dev/null/x' }, 1, 'STREAMLIB_HOME'],
  ];
  it.each(refusals)('%s', async (_, args, env, code, message) => {
    const ended = await sandbox.start(args, env).ended;
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('a-token-of-the-user');
  });

  it('takes a token that ends with a newline, as an environment file may give it', async () => {
    const program = sandbox.start([], { STREAMLIB_BROKER_TOKEN: 'a-token-of-the-user\n' });
    const ready = await program.ready();
    const caller = new Caller(ready?.grpc_address ?? '', 'a-token-of-the-user');
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ pid: program.pid });
    caller.close();
  });
});

describe('what it says of itself', () => {
  it('--help and --version', async () => {
    const help: Program = sandbox.start(['--help']);
    expect((await help.ended).stdout).toContain('--ready-fd');
    expect((await sandbox.start(['--version']).ended).stdout).toMatch(/^\d+\.\d+\.\d+( \([0-9a-f]{7}\))?\n$/);
  });

  it('status has version, build, addresses and log', async () => {
    const { caller } = await sandbox.serving(['--timeout-secs', '7']);
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({
      status: 'healthy',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      gitHash: expect.stringMatching(/^([0-9a-f]{7})?$/),
      serviceName: 'com.tatolab.streamlib.broker',
      relayPath: sandbox.relayPath,
      grpcAddress: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      logFile: `${sandbox.home}/broker.log`,
    });
    expect(await caller.entry(await caller.allocate())).toMatchObject({ timeoutSecs: 7 });
  });
});
