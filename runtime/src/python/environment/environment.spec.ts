import { spawnSync } from 'node:child_process';
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
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEPT_ENVIRONMENTS, listEnvironments } from './collect.js';
import { ensureEnvironment } from './environment.js';
import { venvPath } from './locate.js';
import type { Needs } from './needs.js';

// Stands in for uv: writes down what it is asked, makes what looks like an environment, and finds no package called "nowhere",
// and none that is both "pinned==1" and "pinned==2".
const FAKE_UV = `#!/bin/sh
echo "$*" >> "$FAKE_UV_LOG"
case "$*" in *pinned==1*pinned==2*) echo "error: no solution" >&2; exit 1;; esac
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
    STREAMLIB_HOME: join(folder, 'home'),
    FAKE_UV_LOG: join(folder, 'log'),
  });
  delete process.env.STREAMLIB_VENV;
});
afterEach(() => {
  for (const name of ['STREAMLIB_UV', 'STREAMLIB_WHEEL', 'STREAMLIB_HOME', 'STREAMLIB_VENV', 'FAKE_UV_LOG']) {
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
const environments = () => join(folder, 'home', 'environments');
const made = () => readdirSync(environments()).filter((name) => /^[0-9a-f]{16}$/.test(name));

describe('ensureEnvironment', () => {
  it('makes an environment once, and then costs nothing', async () => {
    const told: string[] = [];
    const first = await ensureEnvironment([needs('pillow')], { onProgress: (line) => told.push(line) });
    expect(dirname(first.folder)).toBe(environments());
    expect(first.python).toBe(join(first.folder, 'bin', 'python'));
    expect(asked()).toEqual([
      expect.stringMatching(/^venv .*--python >=3\.11 .*environments\/[0-9a-f]{16}$/),
      expect.stringMatching(/^pip install .*\.whl numpy grpcio protobuf pillow$/),
    ]);
    expect(told[0]).toMatch(/only the first time/);
    const again = await ensureEnvironment([needs('pillow')], quiet);
    expect(again).toEqual(first);
    expect(asked()).toHaveLength(2);
  });

  it('code that asks for nothing runs from the usual one', async () => {
    const { folder: usual } = await ensureEnvironment([], quiet);
    expect(venvPath()).toBe(usual);
  });

  it('one that STREAMLIB_VENV names is brought up to date for a wheel that was built anew', async () => {
    process.env.STREAMLIB_VENV = join(folder, 'venv');
    const { folder: given, stamp } = await ensureEnvironment([], quiet);
    expect(given).toBe(join(folder, 'venv'));
    expect(asked()[1]).toMatch(/--reinstall-package streamlib .*\.whl numpy grpcio protobuf$/);
    utimesSync(process.env.STREAMLIB_WHEEL ?? '', 1, 1);
    const rebuilt = await ensureEnvironment([], quiet);
    expect(asked()[2]).toMatch(/--reinstall-package streamlib/);
    expect(rebuilt.stamp).not.toBe(stamp);
    // What graphs ask for is not put into it.
    const { folder: own } = await ensureEnvironment([needs('pillow')], quiet);
    expect(dirname(own)).toBe(environments());
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

  it('has what was installed by request as well, and leaves that as it is', async () => {
    const first = join(environments(), '1');
    mkdirSync(join(first, 'bin'), { recursive: true });
    writeFileSync(join(first, 'bin', 'python'), '');
    writeFileSync(join(first, 'pylock.toml'), 'the lock');
    const stamp = { wheel: { path: 'old.whl', size: 1, mtimeMs: 1 }, satisfied: [], installedAt: '' };
    writeFileSync(join(first, 'streamlib-env.json'), JSON.stringify(stamp));
    const info = join(first, 'lib', 'python3.11', 'site-packages', 'shapes-1.0.dist-info');
    mkdirSync(info, { recursive: true });
    writeFileSync(join(info, 'METADATA'), 'Name: shapes\nVersion: 1.0\n');
    symlinkSync('1', join(environments(), 'current'));

    const { folder: own } = await ensureEnvironment([needs('scipy')], quiet);
    expect(own).not.toBe(first);
    expect(readlinkSync(join(environments(), 'current'))).toBe('1');
    expect(asked()[1]).toContain('--no-deps shapes==1.0');
    // Another build of StreamLib: one with the same packages takes its place.
    const { folder: renewed } = await ensureEnvironment([], quiet);
    expect(renewed).toBe(venvPath());
    expect(readFileSync(join(renewed, 'pylock.toml'), 'utf8')).toBe('the lock');
    expect(asked().some((line) => line.includes(`${first}/`) || line.endsWith(first))).toBe(false);

    // A failure of the whole leaves no trace: nothing can be installed at all.
    const before = readdirSync(environments()).sort();
    writeFileSync(process.env.STREAMLIB_UV ?? '', '#!/bin/sh\nexit 1\n');
    const { failures } = await ensureEnvironment([needs('numba')], quiet);
    expect(failures.get(0)?.message).toMatch(/failed/);
    expect(readdirSync(environments()).sort()).toEqual(before);
  });
});

describe('G3: two graphs', () => {
  it('that ask for other versions each have their own, and what runs is not touched', async () => {
    const a = await ensureEnvironment([needs('pillow==11.0.0')], quiet);
    const before = asked().length;
    const b = await ensureEnvironment([needs('pillow==12.0.0')], quiet);
    expect(b.folder).not.toBe(a.folder);
    expect(
      asked()
        .slice(before)
        .filter((line) => line.includes(a.folder)),
    ).toEqual([]);
    // And after a restart it is what it was.
    expect(await ensureEnvironment([needs('pillow==11.0.0')], quiet)).toEqual(a);
  });

  it('that ask for the same share one, in whatever order they say it', async () => {
    const a = await ensureEnvironment([needs('pillow', 'scipy')], quiet);
    const b = await ensureEnvironment([needs('scipy'), needs('pillow')], quiet);
    expect(b.folder).toBe(a.folder);
  });

  it('a wheel that was built anew changes nothing that runs', async () => {
    const before = await ensureEnvironment([], quiet);
    utimesSync(process.env.STREAMLIB_WHEEL ?? '', 1, 1);
    const after = await ensureEnvironment([], quiet);
    expect(after.folder).not.toBe(before.folder);
    expect(asked().some((line) => line.includes('--reinstall'))).toBe(false);
  });

  it('files of one graph that contradict each other are served, each by itself', async () => {
    const all = [needs('pinned==1'), needs('pinned==2'), needs()];
    const { failures, apart, folder: shared } = await ensureEnvironment(all, quiet);
    expect([...failures]).toEqual([]);
    const [one, two] = [apart.get(0)?.folder, apart.get(1)?.folder];
    expect(new Set([one, two, shared]).size).toBe(3);
    expect(apart.get(2)).toBeUndefined();
  });

  it('leave no more environments behind than are kept, and never lose one that is in use', async () => {
    const ended = spawnSync('true').pid;
    const users = join(environments(), 'users');
    const { folder: running } = await ensureEnvironment([needs('running')], quiet);
    for (let number = 0; number < KEPT_ENVIRONMENTS + 4; number++) {
      const { folder: one } = await ensureEnvironment([needs(`package-${number}`)], quiet);
      // As if a process had used it that has ended.
      rmSync(join(users, `${basename(one)}.${process.pid}`));
      writeFileSync(join(users, `${basename(one)}.${ended}`), '1');
      utimesSync(join(one, 'streamlib-env.json'), number, number);
    }
    expect(made()).toHaveLength(KEPT_ENVIRONMENTS + 2);
    expect(made()).toContain(basename(running));
    const used = listEnvironments(environments()).filter(({ users }) => users.length > 0);
    expect(used).toMatchObject([{ requirements: ['running'], users: [process.pid], current: false }]);
  });
});

describe('S5: a state directory that cannot be written', () => {
  it('fails only the file with a new requirement, with the cause', async () => {
    await ensureEnvironment([], quiet);
    await ensureEnvironment([needs('pillow')], quiet);
    // What stands in the way of a folder stops root, too.
    rmSync(join(environments(), 'lock'), { force: true });
    mkdirSync(join(environments(), 'lock'));
    const {
      failures,
      apart,
      folder: shared,
    } = await ensureEnvironment([needs(), needs('scipy'), needs('pillow')], quiet);
    expect([...failures.keys()]).toEqual([1]);
    expect(failures.get(1)?.message).toMatch(/nothing can be written in .*environments, .*STREAMLIB_HOME/);
    expect(shared).toBe((await ensureEnvironment([needs('pillow')], quiet)).folder);
    expect(apart.size).toBe(0);
  });
});
