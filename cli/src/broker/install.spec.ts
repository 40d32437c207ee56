import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../bin/streamlib.js', import.meta.url));

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'streamlib-install-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command in an environment of its own, with a `systemctl` that notes what it is asked, and refuses what it is told to. */
function streamlib(
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
  refuse = 'nothing',
): Promise<Outcome> {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\necho "$@" >> "${join(home, 'asked')}"\ncase "$*" in *${refuse}*) echo "no bus" >&2; exit 1;; esac\n`;
  writeFileSync(join(bin, 'systemctl'), script);
  chmodSync(join(bin, 'systemctl'), 0o755);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    // Nobody listens there.
    STREAMLIB_BROKER_PORT: '1',
    ...more,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const asked = () => readFileSync(join(home, 'asked'), 'utf8').trim().split('\n');
const units = () => join(home, '.config', 'systemd', 'user');

describe('broker install', () => {
  it('writes the units, and has systemd open the sockets before it starts the broker', async () => {
    const { code, stdout } = await streamlib(['broker', 'install', '--json'], {}, 'is-enabled');
    expect(code).toBe(0);
    const files = readdirSync(units()).map((name) => join(units(), name));
    expect(JSON.parse(stdout)).toEqual({ status: 'installed', files });
    expect(files).toHaveLength(2);
    expect(asked().slice(-5)).toEqual([
      '--user show-environment',
      '--user daemon-reload',
      '--user enable streamlib-broker.service streamlib-broker.socket',
      '--user start streamlib-broker.socket',
      '--user restart streamlib-broker.service',
    ]);
  });

  it('says so where no systemd answers, and leaves nothing behind', async () => {
    const { code, stderr } = await streamlib(['broker', 'install'], {}, '--user');
    expect(code).toBe(1);
    expect(stderr).toContain('no systemd of this user answers; runtimes start a broker by themselves');
    expect(stderr).toContain('no bus');
    expect(existsSync(units())).toBe(false);
  });

  it.each([
    ['no systemd answers', 'show-environment', {}],
    ['the units cannot be enabled', 'enable ', {}],
    ['the units cannot be written', 'is-enabled', { XDG_CONFIG_HOME: '/dev/null' }],
    ['it is a development environment', 'nothing', { STREAMLIB_DEV_MODE: '1' }],
    ['the service does not start', 'start streamlib-broker.socket', {}],
  ])(
    'S4: where %s, a broker that runs goes on',
    async (_name, refused, more) => {
      const port = { STREAMLIB_BROKER_PORT: String(await freePort()) };
      // systemd is in charge of none.
      const refuse = refused === 'is-enabled' ? refused : `is-enabled*|*${refused}`;
      const started = await streamlib(['broker', 'start', '--json'], port, 'is-enabled');
      const { pid } = JSON.parse(started.stdout) as { pid: number };
      try {
        const { code, stderr } = await streamlib(['broker', 'install'], { ...port, ...more }, refuse);
        expect(code, stderr).toBe(1);
        const status = await streamlib(['broker', 'status', '--json'], port, 'is-enabled');
        const now = JSON.parse(status.stdout) as { pid: number };
        if (refused.startsWith('start')) expect(now.pid).toBeGreaterThan(0);
        else expect(now.pid).toBe(pid);
      } finally {
        expect((await streamlib(['broker', 'stop'], port, 'is-enabled')).code).toBe(0);
      }
    },
    30_000,
  );

  it('refuses in development, whose broker has a name of its own', async () => {
    const { code, stderr } = await streamlib(['broker', 'install'], { STREAMLIB_DEV_MODE: '1' });
    expect(code).toBe(1);
    expect(stderr).toContain('development environment');
  });

  it('uninstall takes all of it back', async () => {
    await streamlib(['broker', 'install'], {}, 'is-enabled');
    const { code, stdout } = await streamlib(['broker', 'uninstall']);
    expect(code).toBe(0);
    expect(stdout).toContain('Broker: no longer a service');
    expect(readdirSync(units())).toEqual([]);
    expect(asked().slice(-2)).toEqual([
      '--user disable --now streamlib-broker.service streamlib-broker.socket',
      '--user daemon-reload',
    ]);
  });
});
