import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { brokerLockHolder, isRunning, isSuspended } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { runCommand } from '../main.js';
import { RecordedIo } from '../testing/recorded-io.js';

let sandbox: Sandbox;
let tokenFile: string;
beforeAll(async () => {
  sandbox = await openSandbox();
  tokenFile = join(sandbox.home, 'broker.token');
});
afterAll(() => sandbox.close());
afterEach(async () => {
  vi.unstubAllEnvs();
  // One that a failed test left; it may hang.
  const pid = brokerLockHolder();
  if (pid === null) return;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { interval: 1 }).toBe(false);
});

async function command(...args: string[]) {
  const io = new RecordedIo();
  const code = await runCommand(args, io);
  return { code, io, all: [...io.outLines, ...io.errLines].join('\n') };
}

async function started(): Promise<number> {
  expect((await command('broker', 'start')).code).toBe(0);
  return Number(brokerLockHolder());
}

describe.runIf(process.platform === 'linux')('a broker that hangs', () => {
  let pid: number;
  beforeEach(async () => {
    pid = await started();
    process.kill(pid, 'SIGSTOP');
    await expect.poll(() => isSuspended(pid), { interval: 1 }).toBe(true);
  });

  it('let `broker logs` hang, too: its file is read', async () => {
    const { code, all } = await command('broker', 'logs');
    expect(code).toBe(0);
    expect(all).toContain('The broker does not answer; this is what it wrote to');
    expect(all).toContain('broker started');
  }, 20_000);

  it('could be neither stopped nor restarted: its process is known by its lock', async () => {
    const restarted = await command('broker', 'restart', '--json');
    expect(restarted.all).toContain('"restarted"');
    expect(restarted.code).toBe(0);
    expect(isRunning(pid)).toBe(false);
    const next = Number(brokerLockHolder());
    process.kill(next, 'SIGSTOP');
    await expect.poll(() => isSuspended(next), { interval: 1 }).toBe(true);
    const stopped = await command('broker', 'stop', '--json');
    expect(stopped.io.json()).toMatchObject({ status: 'stopped', pid: next, version: null });
    expect(isRunning(next)).toBe(false);
  }, 40_000);
});

describe('a token', () => {
  it('that is wrong was a dead end: the broker is restarted by its process', async () => {
    const pid = await started();
    vi.stubEnv('STREAMLIB_BROKER_TOKEN', 'another-token-of-this-user');
    expect((await command('broker', 'status')).all).toContain('requires its token');
    expect((await command('broker', 'restart')).code).toBe(0);
    expect(isRunning(pid)).toBe(false);
    expect((await command('broker', 'status')).code).toBe(0);
    expect((await command('broker', 'stop')).code).toBe(0);
  }, 40_000);

  it('that cannot be sent was printed in clear by each command', async () => {
    await started();
    const spoilt = '6ANap-the-token-of-this-user\nand more';
    writeFileSync(tokenFile, spoilt, { mode: 0o600 });
    const commands = [
      ['broker', 'status'],
      ['broker', 'status', '--json'],
      ['broker', 'restart'],
      ['broker', 'logs'],
    ];
    for (const args of commands) {
      const { code, all } = await command(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(all).toContain(`the broker's token in the file ${tokenFile} cannot be sent`);
      expect(all).not.toContain('6ANap');
    }
    const doctor = await command('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.all).toContain(`cause: the broker's token in the file ${tokenFile}`);
    expect(doctor.all).not.toContain('6ANap');
    // As the advice says.
    expect((await command('broker', 'stop')).code).toBe(0);
    writeFileSync(tokenFile, 'a-token-that-is-good\n', { mode: 0o600 });
    await started();
  }, 40_000);
});

it('a port that another program has was told by the doctor as nobody there', async () => {
  const other = createServer((socket) => socket.destroy());
  // Its own choice: a port that was free a moment ago may be the end of somebody's connection by now.
  await once(other.listen(0, '127.0.0.1'), 'listening');
  vi.stubEnv('STREAMLIB_BROKER_PORT', String((other.address() as AddressInfo).port));
  try {
    const { all } = await command('doctor');
    expect(all).toContain('another program listens there');
    expect(all).not.toContain('nobody has started it');
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});
