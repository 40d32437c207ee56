import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerPid, openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { mcp } from './mcp.js';

let sandbox: Sandbox;
const venv = process.env.STREAMLIB_VENV;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(async () => {
  delete process.env.STREAMLIB_UV;
  if (venv === undefined) delete process.env.STREAMLIB_VENV;
  else process.env.STREAMLIB_VENV = venv;
  await sandbox.close();
});

describe('streamlib mcp', () => {
  it('Ctrl-C while its graph starts ends what was started, and leaves nothing behind', async () => {
    const uv = join(sandbox.home, 'uv');
    const pidFile = join(sandbox.home, 'uv.pid');
    writeFileSync(
      uv,
      `#!/bin/sh\necho $$ > ${pidFile}.new && mv ${pidFile}.new ${pidFile}\nexec sleep 1000\n`,
      {
        mode: 0o755,
      },
    );
    process.env.STREAMLIB_UV = uv;
    process.env.STREAMLIB_VENV = join(sandbox.home, 'venv');
    writeFileSync(join(sandbox.home, 'effect.py'), '');
    const graph = join(sandbox.home, 'graph.yaml');
    writeFileSync(
      graph,
      'version: v1\nnodes:\n  - { id: effect, node_type: python, params: { file: effect.py } }\n',
    );

    const ended = mcp(new RecordedIo(), { graph, http: true });
    await expect.poll(() => existsSync(pidFile), { timeout: 20_000 }).toBe(true);
    // The broker stays, as any that a runtime has started: it is ended with the sandbox, which finds it by asking it.
    await expect.poll(brokerPid, { timeout: 20_000 }).not.toBeNull();
    process.emit('SIGINT');
    expect(await ended).toBe(0);
    await expect.poll(() => isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
    expect(readdirSync(join(sandbox.home, 'runtimes'))).toEqual([]);
  });
});
