import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { brokerLockHolder, isSuspended } from '@streamlib/host-bridge';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { BrokerClient } from './broker-client.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

async function ensured(signal = AbortSignal.timeout(60_000)) {
  const client = new BrokerClient();
  const progress: string[] = [];
  const began = performance.now();
  try {
    const error: unknown = await client
      .ensure((message) => progress.push(message), signal)
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    return { progress, error, ms: performance.now() - began };
  } finally {
    client.close();
  }
}

it('a port that another program has is told at once, not after ten seconds of waiting for a rival', async () => {
  const other: Server = createServer((socket) => socket.destroy());
  // Its own choice: a port that was free a moment ago may be the end of somebody's connection by now.
  await once(other.listen(0, '127.0.0.1'), 'listening');
  vi.stubEnv('STREAMLIB_BROKER_PORT', String((other.address() as AddressInfo).port));
  try {
    const { error, ms } = await ensured();
    expect(error).toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringMatching(/could not be started: [\s\S]*STREAMLIB_BROKER_PORT/),
    });
    expect(ms).toBeLessThan(9_000);
  } finally {
    vi.unstubAllEnvs();
    await new Promise((resolve) => other.close(resolve));
  }
});

it('a token that cannot be sent was taken for no broker, and one was started', async () => {
  vi.stubEnv('STREAMLIB_BROKER_TOKEN', 'a-token-of-the-user-é');
  try {
    const { error, progress } = await ensured();
    expect(error).toMatchObject({ code: 'config', message: expect.stringContaining('cannot be sent') });
    expect(String((error as Error).stack)).not.toContain('a-token-of-the-user');
    expect(progress).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});

it('an interrupted look was taken for no broker, and one was said to be started', async () => {
  expect((await ensured()).error).toBeNull();
  const { error, progress } = await ensured(AbortSignal.abort());
  expect(error).toMatchObject({ code: 'stopped' });
  expect(progress).toEqual([]);
});

it('a broker that hangs kept everybody waiting for 220 s: its process is told after about ten', async () => {
  expect((await ensured()).error).toBeNull();
  const pid = Number(brokerLockHolder());
  process.kill(pid, 'SIGSTOP');
  try {
    await expect.poll(() => isSuspended(pid), { interval: 1 }).toBe(true);
    const { error, ms } = await ensured();
    expect(error).toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringMatching(`process ${pid} is this broker .*does not answer.*kill -9 ${pid}`),
    });
    expect(ms).toBeLessThan(25_000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const client = new BrokerClient();
  await expect.poll(() => client.status(), { timeout: 10_000 }).not.toBeNull();
  client.close();
}, 60_000);
