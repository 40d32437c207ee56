import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PackageSettings } from '../../base/settings/schema.js';
import { defaultSettings } from '../../base/settings/settings.js';
import { currentEnvironment, installedIn } from './environments.js';
import { findUv } from './locate.js';
import { EnvironmentManager, type ManagerOptions } from './manager.js';

let shared: string;
let wheels: string;
let began: string;
let folder: string;

const python = fileURLToPath(new URL('../../../../.streamlib/venv/bin/python', import.meta.url));

beforeAll(() => {
  shared = mkdtempSync(join(tmpdir(), 'packages-'));
  wheels = join(shared, 'wheels');
  began = join(shared, 'began');
  const specs = [
    { name: 'shapes', version: '1.0' },
    { name: 'shapes', version: '2.0' },
    { name: 'circles', version: '1.0', requires: ['shapes<2'] },
    { name: 'squares', version: '1.0', requires: ['shapes>=2'] },
    { name: 'Big_Thing', version: '1.0', megabytes: 40 },
    { name: 'unbuildable', version: '1.0', source: 'fails' },
  ];
  const script = fileURLToPath(new URL('./testing/make_packages.py', import.meta.url));
  execFileSync(python, [script, wheels, JSON.stringify(specs)]);
  execFileSync(findUv(), ['venv', '--quiet', '--python', python, began]);
}, 60_000);
afterAll(() => rmSync(shared, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(shared, 'state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function manager(settings: Partial<PackageSettings> = {}, options: Partial<ManagerOptions> = {}) {
  return new EnvironmentManager({
    settings: {
      ...defaultSettings().packages,
      strategy: 'AutoApprove',
      index: false,
      find_links: [wheels],
      keep_free_mb: 0,
      ...settings,
    },
    base: [],
    folder: join(folder, 'environments'),
    records: join(folder, 'records'),
    begin: () => Promise.resolve(began),
    ...options,
  });
}

const environments = () => join(folder, 'environments');
const current = () => currentEnvironment(environments());
const names = () => installedIn(current() ?? began).map(({ name, version }) => `${name} ${version}`);

/** The whole way: requested, decided by the settings, installed. */
async function granted(of: EnvironmentManager, name: string, version?: string) {
  const first = await of.request({
    package: name,
    reason: 'a test',
    ...(version !== undefined && { version }),
  });
  await of.settled();
  return (await of.status(first.id)) ?? first;
}

describe('EnvironmentManager', () => {
  it('installs what is granted into a new environment, and what runs keeps the one it began with', async () => {
    const packages = manager();
    expect(await granted(packages, 'shapes', '<2')).toMatchObject({
      status: 'installed',
      installedVersion: '1.0',
      next: expect.stringContaining('import shapes'),
    });
    const first = current();
    const runs = spawn(
      join(first ?? '', 'bin', 'python'),
      ['-c', 'input(); import shapes; print(shapes.__version__)'],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    expect(await granted(packages, 'shapes', '>=2')).toMatchObject({
      status: 'installed',
      installedVersion: '2.0',
    });
    expect(current()).not.toBe(first);
    expect(names()).toEqual(['shapes 2.0']);
    runs.stdin.end('\n');
    const [said] = await once(runs.stdout, 'data');
    expect(String(said).trim()).toBe('1.0');
    expect(readFileSync(join(current() ?? '', 'pylock.toml'), 'utf8')).toMatch(
      /name = "shapes"\nversion = "2.0"/,
    );
    expect(await packages.list()).toEqual([{ name: 'shapes', version: '2.0', modules: ['shapes'] }]);
  });

  it('says at once what is installed already', async () => {
    const packages = manager();
    await granted(packages, 'shapes');
    const before = current();
    expect(await packages.request({ package: 'Shapes', version: '>=1', reason: 'again' })).toMatchObject({
      status: 'installed',
      detail: 'shapes 2.0 is installed already',
    });
    expect(current()).toBe(before);
  });

  it.each<[string, string, Partial<PackageSettings>, 'failed' | 'denied', RegExp]>([
    ['a package that does not exist', 'no-such-thing', {}, 'failed', /there is no package no-such-thing/],
    ['a version that does not exist', 'big-thing>=7', {}, 'failed', /not in the version that was asked for/],
    ['one that conflicts', 'squares', {}, 'failed', /cannot be installed together .*circles/],
    [
      'one that fails to build',
      'unbuildable',
      { builds: true },
      'failed',
      /building it failed.*compiler of this package/,
    ],
    [
      'one that would have to be built',
      'unbuildable',
      {},
      'failed',
      /building from source is not allowed here/,
    ],
    ['no network', 'requests', { index: true, offline: true }, 'failed', /the network is switched off/],
    [
      'one that is too large',
      'big-thing',
      { max_install_mb: 10 },
      'failed',
      /would add \d+ MiB, and 10 MiB is the most/,
    ],
    ['too little room', 'big-thing', { keep_free_mb: 1e9 }, 'failed', /must stay free/],
    [
      'one that is not on the list',
      'squares',
      { strategy: 'AllowList', allow: ['circles'] },
      'denied',
      /not on the list.*circles/,
    ],
    [
      'a version that the list does not allow',
      'squares',
      { strategy: 'AllowList', allow: ['squares<1'] },
      'failed',
      /not in the version/,
    ],
    ['DenyAll', 'squares', { strategy: 'DenyAll' }, 'denied', /no packages are installed here/],
    [
      'one that is denied by name',
      'squares',
      { deny: ['Squares'] },
      'denied',
      /list of packages that are denied/,
    ],
  ])('%s: a clear answer, and nothing changes', async (_, name, settings, status, why) => {
    await granted(manager(), 'circles');
    const environment = current();
    const before = { names: names(), folders: readdirSync(environments()).sort() };
    process.env.UV_CACHE_DIR = join(folder, 'cache');
    const answer = await granted(manager(settings), name);
    delete process.env.UV_CACHE_DIR;
    expect(answer).toMatchObject({ status, detail: expect.stringMatching(why) });
    expect(answer.next).not.toBe('');
    expect(current()).toBe(environment);
    expect({ names: names(), folders: readdirSync(environments()).sort() }).toEqual(before);
  });

  it('an index that cannot be reached is told as such', async () => {
    process.env.UV_DEFAULT_INDEX = 'http://127.0.0.1:9/simple';
    process.env.UV_HTTP_RETRIES = '0';
    const answer = await granted(manager({ index: true, find_links: [] }), 'shapes');
    delete process.env.UV_DEFAULT_INDEX;
    delete process.env.UV_HTTP_RETRIES;
    expect(answer).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/index could not be reached/),
    });
    expect(current()).toBeNull();
  });

  it.runIf(process.getuid?.() === 0)(
    'a disk that is full is told as such, and nothing is left behind',
    async () => {
      const small = join(folder, 'environments');
      mkdirSync(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', small]);
      try {
        const answer = await granted(manager({}, {}), 'big-thing');
        expect(answer).toMatchObject({
          status: 'failed',
          detail: expect.stringMatching(/no room left on the disk/),
        });
        expect(readdirSync(small)).toEqual(['lock']);
      } finally {
        execFileSync('umount', [small]);
      }
    },
  );

  it('a limit on what may be written is told as such, and nothing is left behind', async () => {
    await granted(manager(), 'circles');
    const before = { environment: current(), names: names(), folders: readdirSync(environments()).sort() };
    const limited = join(folder, 'uv');
    writeFileSync(limited, `#!/bin/sh\ntrap '' XFSZ\nulimit -f 20000\nexec "${findUv()}" --no-cache "$@"\n`, {
      mode: 0o755,
    });
    const answer = await granted(manager({}, { uv: limited }), 'big-thing');
    expect(answer).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/no room left on the disk; nothing was changed/),
      next: expect.stringContaining('make room'),
    });
    expect({ environment: current(), names: names(), folders: readdirSync(environments()).sort() }).toEqual(
      before,
    );
  });

  it('two that conflict, asked for at once: one is installed, the other is told why not', async () => {
    const answers = await Promise.all([granted(manager(), 'circles'), granted(manager(), 'squares')]);
    const [installed, failed] = answers.toSorted((a, b) => b.status.localeCompare(a.status));
    expect(installed).toMatchObject({ status: 'installed' });
    expect(failed).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/cannot be installed together with what is installed/),
    });
    expect(failed?.next).not.toBe('');
    expect(names().filter((name) => /circles|squares/.test(name))).toHaveLength(1);
    // The same where people say yes to both.
    const asking = manager({ strategy: 'RequireApproval' });
    const loser = String(failed?.package);
    expect(await asking.request({ package: loser, reason: 'all the same' })).toMatchObject({
      status: 'failed',
    });
  });

  it('two that conflict, both approved by a person: the second is not installed', async () => {
    const packages = manager({ strategy: 'RequireApproval' });
    for (const name of ['circles', 'squares'])
      expect(await packages.request({ package: name, reason: 'to draw' })).toMatchObject({
        status: 'pending',
      });
    expect(await packages.approve('circles', 'somebody')).toMatchObject({ status: 'installed' });
    const environment = current();
    expect(await packages.approve('squares', 'somebody')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/cannot be installed together/),
    });
    expect(current()).toBe(environment);
    expect(names()).toEqual(['circles 1.0', 'shapes 1.0']);
  });

  it('asks a person, who says yes or no', async () => {
    const packages = manager({ strategy: 'RequireApproval' });
    const asked = await packages.request({ package: 'circles', reason: 'to draw', requestedBy: 'agent' });
    expect(asked).toMatchObject({
      status: 'pending',
      detail: expect.stringContaining('adds circles 1.0, adds shapes 1.0'),
    });
    expect(asked.next).toContain('streamlib packages approve circles');
    expect(current()).toBeNull();
    // The same once more is the same request.
    expect((await packages.request({ package: 'circles', reason: 'again' })).id).toBe(asked.id);
    // Another process's manager: what the command uses.
    expect(await manager().approve('circles', 'somebody')).toMatchObject({ status: 'installed' });
    expect(await packages.status(asked.id)).toMatchObject({ status: 'installed', installedVersion: '1.0' });

    const second = await packages.request({ package: 'big-thing', reason: 'for fun' });
    expect(await packages.deny(second.id, 'somebody', 'too big')).toMatchObject({
      status: 'denied',
      detail: 'denied by somebody: too big',
    });
    await expect(packages.approve('big-thing', 'somebody')).rejects.toThrow(
      /no request for "big-thing" is pending/,
    );
    const log = packages.logLines().map((line) => JSON.parse(line));
    expect(log.filter(({ id }) => id === asked.id).map(({ status }) => status)).toEqual([
      'pending',
      'approved',
      'installing',
      'installed',
    ]);
  });

  it('does not leave a request waiting for what a person has added meanwhile', async () => {
    const packages = manager({ strategy: 'RequireApproval' });
    const [fits, other] = [
      await packages.request({ package: 'shapes', version: '<2', reason: 'to draw' }),
      await packages.request({ package: 'shapes', version: '>=2', reason: 'to draw more' }),
    ];
    expect(await manager().add(['shapes<2'], 'somebody')).toMatchObject([{ status: 'installed' }]);
    expect(await packages.status(fits.id)).toMatchObject({ status: 'installed', installedVersion: '1.0' });
    expect(await packages.status(other.id)).toMatchObject({ status: 'pending' });
  });

  it('installs several together or not at all', async () => {
    const packages = manager();
    expect(await packages.add(['circles', 'squares'], 'somebody')).toMatchObject([
      { status: 'failed' },
      { status: 'failed' },
    ]);
    expect(current()).toBeNull();
    expect(await packages.add(['circles', 'big-thing'], 'somebody')).toMatchObject([
      { status: 'installed' },
      { status: 'installed' },
    ]);
    expect(names()).toEqual(['big-thing 1.0', 'circles 1.0', 'shapes 1.0']);
  });

  it('two at once: one after the other, and the later has both', async () => {
    const packages = manager();
    const other = manager();
    const [a, b] = await Promise.all([granted(packages, 'circles'), granted(other, 'big-thing')]);
    expect([a.status, b.status]).toEqual(['installed', 'installed']);
    expect(names()).toEqual(['big-thing 1.0', 'circles 1.0', 'shapes 1.0']);
  });

  it.each([
    '../escape',
    '-r',
    'numpy @ file:///etc',
    'https://example.org/x.whl',
    '--index-url=x',
    'a;b',
    '',
    'x'.repeat(200),
  ])('refuses %j as a name', async (name) => {
    await expect(manager().request({ package: name, reason: 'mischief' })).rejects.toThrow(
      /is no name of a package/,
    );
  });

  it('refuses what is no version range', async () => {
    await expect(
      manager().request({ package: 'shapes', version: '>=1\n--index-url x', reason: 'mischief' }),
    ).rejects.toThrow(/is no version range/);
  });
});
