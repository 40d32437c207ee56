import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureEnvironment } from './environment.js';
import type { Needs } from './needs.js';

// Stands in for uv: writes down what it is asked, makes what looks like an environment, and finds no package called "nowhere".
const FAKE_UV = `#!/bin/sh
echo "$*" >> "$FAKE_UV_LOG"
case "$*" in *nowhere*) echo "error: no package nowhere" >&2; exit 1;; esac
if [ "$1" = venv ]; then
  for last; do :; done
  mkdir -p "$last/bin" && : > "$last/bin/python" && echo "version_info = 3.11.7" > "$last/pyvenv.cfg"
fi
`;

let folder: string;
const saved = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-env-'));
  const uv = join(folder, 'uv');
  writeFileSync(uv, FAKE_UV);
  chmodSync(uv, 0o755);
  const wheel = join(folder, 'streamlib-0.1.0-cp311-abi3-linux_x86_64.whl');
  writeFileSync(wheel, 'wheel');
  Object.assign(process.env, {
    STREAMLIB_UV: uv,
    STREAMLIB_WHEEL: wheel,
    STREAMLIB_VENV: join(folder, 'venv'),
    FAKE_UV_LOG: join(folder, 'log'),
  });
});
afterEach(() => {
  for (const name of ['STREAMLIB_UV', 'STREAMLIB_WHEEL', 'STREAMLIB_VENV', 'FAKE_UV_LOG']) {
    const before = saved[name];
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
  rmSync(folder, { recursive: true });
});

function asked(): string[] {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const needs = (...requirements: string[]): Needs => ({
  requirements,
  requiresPython: null,
  source: 'effect.py',
});
const quiet = { onProgress: () => {} };

describe('ensureEnvironment', () => {
  it('makes the environment once, and then costs nothing', async () => {
    const told: string[] = [];
    const first = await ensureEnvironment([needs('pillow')], { onProgress: (line) => told.push(line) });
    expect(first.python).toBe(join(folder, 'venv', 'bin', 'python'));
    expect(asked()).toEqual([
      expect.stringMatching(/^venv .*--python >=3\.11 .*venv$/),
      expect.stringMatching(
        /^pip install .*--reinstall-package streamlib .*\.whl numpy grpcio protobuf pillow$/,
      ),
    ]);
    expect(told[0]).toMatch(/only the first time/);
    const again = await ensureEnvironment([needs('pillow')], quiet);
    expect(again.stamp).toBe(first.stamp);
    await ensureEnvironment([], quiet);
    expect(asked()).toHaveLength(2);
  });

  it('is brought up to date for new needs and for a wheel that was built anew', async () => {
    await ensureEnvironment([], quiet);
    const { stamp } = await ensureEnvironment([needs('pillow')], quiet);
    expect(asked()).toHaveLength(3);
    expect(asked()[2]).not.toMatch(/reinstall/);
    utimesSync(process.env.STREAMLIB_WHEEL ?? '', 1, 1);
    const rebuilt = await ensureEnvironment([needs('pillow')], quiet);
    expect(asked()[3]).toMatch(/--reinstall-package streamlib/);
    expect(rebuilt.stamp).not.toBe(stamp);
  });

  it('lets one of two at once do the work', async () => {
    const [one, other] = await Promise.all([ensureEnvironment([], quiet), ensureEnvironment([], quiet)]);
    expect(one).toEqual(other);
    expect(asked()).toHaveLength(2);
  });

  it('tells which file asks for what cannot be had, and serves the others', async () => {
    const { failures } = await ensureEnvironment([needs('pillow'), needs('nowhere'), needs('scipy')], quiet);
    expect([...failures.keys()]).toEqual([1]);
    expect(failures.get(1)?.message).toMatch(
      /what effect\.py asks for \(nowhere\) could not be installed;[\s\S]*no package nowhere/,
    );
    expect(asked().at(-1)).toMatch(/pillow scipy$/);
  });

  it('refuses a file that wants another Python', async () => {
    const { failures } = await ensureEnvironment([{ ...needs(), requiresPython: '>=3.13' }], quiet);
    expect(failures.get(0)?.message).toMatch(/asks for Python >=3\.13, .* has 3\.11\.7/);
  });

  it('puts a new one in the place of one that packages were installed into, and leaves that as it is', async () => {
    const home = process.env.STREAMLIB_HOME;
    process.env.STREAMLIB_HOME = folder;
    try {
      const first = join(folder, 'environments', '1');
      mkdirSync(join(first, 'bin'), { recursive: true });
      writeFileSync(join(first, 'bin', 'python'), '');
      writeFileSync(join(first, 'pylock.toml'), 'the lock');
      const info = join(first, 'lib', 'python3.11', 'site-packages', 'shapes-1.0.dist-info');
      mkdirSync(info, { recursive: true });
      writeFileSync(join(info, 'METADATA'), 'Name: shapes\nVersion: 1.0\n');
      symlinkSync('1', join(folder, 'environments', 'current'));

      const made = await ensureEnvironment([needs('scipy')], quiet);
      const second = join(folder, 'environments', '2');
      expect(made.python).toBe(join(second, 'bin', 'python'));
      expect(readlinkSync(join(folder, 'environments', 'current'))).toBe('2');
      expect(readFileSync(join(second, 'pylock.toml'), 'utf8')).toBe('the lock');
      expect(asked()[1]).toContain('--no-deps shapes==1.0');
      expect(asked().some((line) => line.includes(first))).toBe(false);

      // A failure of the whole leaves no trace: nothing can be installed at all.
      writeFileSync(process.env.STREAMLIB_UV ?? '', '#!/bin/sh\nexit 1\n');
      await expect(ensureEnvironment([needs('numba')], quiet)).rejects.toThrow(/failed/);
      expect(readdirSync(join(folder, 'environments')).sort()).toEqual(['1', '2', 'current', 'lock']);
    } finally {
      if (home === undefined) delete process.env.STREAMLIB_HOME;
      else process.env.STREAMLIB_HOME = home;
    }
  });
});
