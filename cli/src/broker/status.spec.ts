import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../main.js';
import { PLAIN } from '../output/palette.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { statusLines } from './status.js';

const status = {
  status: 'healthy',
  version: '0.2.4',
  gitHash: 'a1b2c3d',
  uptimeSecs: 9_240,
  runtimeCount: 3,
  readyCount: 5,
  pendingCount: 2,
};

describe('the lines of `broker status`', () => {
  it('are those that the specification fixes', () => {
    expect(statusLines(status, PLAIN)).toEqual([
      'Broker: healthy | Version: 0.2.4 (a1b2c3d)',
      'Uptime: 2h 34m | Runtimes: 3 | Connections: 5 ready, 2 pending',
    ]);
  });

  it('leave out a build that is not known', () => {
    expect(statusLines({ ...status, gitHash: '' }, PLAIN)[0]).toBe('Broker: healthy | Version: 0.2.4');
  });
});

describe('without a broker', () => {
  beforeEach(async () => {
    vi.stubEnv('STREAMLIB_BROKER_ENDPOINT', `127.0.0.1:${await closedPort()}`);
    vi.stubEnv('STREAMLIB_HOME', '/nonexistent/streamlib');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('`broker status` says so, how to start it, and exits with 3', async () => {
    const io = new RecordedIo();
    expect(await runCommand(['broker', 'status'], io)).toBe(3);
    expect(io.outLines).toEqual(['Broker: not running']);
    expect(io.errLines.join()).toContain('streamlib broker start');
  });

  it('`broker status --json` has the same fields as ever', async () => {
    const io = new RecordedIo();
    expect(await runCommand(['broker', 'status', '--json'], io)).toBe(3);
    expect(io.json()).toMatchObject({
      status: 'not_running',
      version: null,
      uptime_secs: 0,
      runtime_count: 0,
      connection_count: 0,
    });
  });

  it.each([['runtimes'], ['connections'], ['processors'], ['logs'], ['stop']])(
    '`broker %s` exits with 3',
    async (command) => {
      const io = new RecordedIo();
      expect(await runCommand(['broker', command], io)).toBe(3);
      expect(io.outLines).toEqual([]);
      expect(io.errLines.join()).toContain('the broker is not running');
    },
  );

  it('tells errors as JSON where JSON was asked for', async () => {
    const io = new RecordedIo();
    expect(await runCommand(['broker', 'runtimes', '--json'], io)).toBe(3);
    expect(io.json()).toMatchObject({ error: { code: 'broker_not_running' } });
  });
});

/** A port on which nobody listens: one that was just given back. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}
