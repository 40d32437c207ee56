import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { BrokerClient } from './broker-client.js';

let sandbox: Sandbox;
let other: string;

beforeAll(async () => {
  sandbox = await openSandbox();
  other = mkdtempSync(join(tmpdir(), 'streamlib-other-'));
});
afterAll(async () => {
  process.env.STREAMLIB_HOME = sandbox.home;
  await sandbox.close();
  rmSync(other, { recursive: true, force: true });
});

async function ensured(): Promise<{ readonly progress: string[]; readonly error: unknown }> {
  const client = new BrokerClient();
  const progress: string[] = [];
  try {
    await client.ensure((message) => progress.push(message), AbortSignal.timeout(20_000));
    return { progress, error: null };
  } catch (error) {
    return { progress, error };
  } finally {
    client.close();
  }
}

describe('a broker of another checkout at the same port', () => {
  it.each([
    ['with a token of its own', 'another-token-of-this-user'],
    ['that has none yet', null],
  ])('is told at once by a checkout %s, and not as one that does not answer', async (_, token) => {
    expect((await ensured()).error).toBeNull();
    process.env.STREAMLIB_HOME = other;
    mkdirSync(other, { recursive: true });
    if (token !== null) writeFileSync(join(other, 'broker.token'), `${token}\n`, { mode: 0o600 });
    const began = performance.now();
    const { progress, error } = await ensured();
    expect(error).toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringMatching(/belongs to another checkout .*STREAMLIB_BROKER_PORT/),
    });
    expect(progress).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5_000);
    process.env.STREAMLIB_HOME = sandbox.home;
    rmSync(join(other, 'broker.token'), { force: true });
  });
});
