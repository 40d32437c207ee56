import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from './harness/processes.js';
import { checkout, World } from './harness/world.js';

const DOWNLOAD_MS = 240_000;
const tools = process.env.STREAMLIB_TOOLS ?? join(checkout, '.streamlib', 'tools');

let world: World;
/** Where a user works: outside of the checkout, with nothing of its but what was packed. */
let clean: string;
let packed: string;
let env: NodeJS.ProcessEnv;

interface Ended {
  readonly code: number | string;
  readonly lines: readonly string[];
  readonly report: string;
}

async function ran(cwd: string, command: string, ...args: string[]): Promise<Ended> {
  const program = new Program(command, args, env, cwd);
  const code = await program.exited;
  return { code, lines: program.lines, report: program.report() };
}

/** What npm tells the scripts that it runs names the checkout; where packages come from is the user's own setting. */
function isForeign(name: string): boolean {
  if (/^npm_config_(cache|userconfig|globalconfig|registry|cafile)$/i.test(name)) return false;
  return /^(npm_|INIT_CWD$|NODE_PATH$|CARGO|RUST|STREAMLIB_(VENV|TEST|TOOLS|WHEEL|BROKER_BIN|UV))/i.test(
    name,
  );
}

/** The programs that a user needs, and no others: a compiler may lie in any folder of the real PATH. */
function makeBin(folder: string): void {
  mkdirSync(folder);
  const npm = realpathSync(join(dirname(realpathSync(process.execPath)), 'npm'));
  const programs = {
    node: realpathSync(process.execPath),
    npm,
    npx: join(dirname(npm), 'npx-cli.js'),
    sh: realpathSync('/bin/sh'),
    env: '/usr/bin/env',
    uv: realpathSync(join(tools, 'bin', 'uv')),
    python3: realpathSync(join(tools, 'bin', 'python')),
  };
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(folder, name));
}

/** What this checkout has built; STREAMLIB_TEST_PACKAGES names a folder with other ones, such as a release's. */
async function pack(): Promise<string> {
  const folder = join(dirname(world.sandbox.home), 'packed');
  const script = world.node(join(checkout, 'scripts/bootstrap.mjs'), [
    'scripts/package.ts',
    ...['--no-setup', '--out', folder],
  ]);
  expect(await script.exited, script.report()).toBe(0);
  return folder;
}

beforeAll(async () => {
  world = await World.open('packages');
  clean = join(dirname(world.sandbox.home), 'clean');
  mkdirSync(clean);
  packed = process.env.STREAMLIB_TEST_PACKAGES ?? (await pack());

  makeBin(join(clean, 'bin'));
  env = Object.fromEntries(Object.entries(world.sandbox.env).filter(([name]) => !isForeign(name)));
  env.PATH = join(clean, 'bin');
  writeFileSync(join(clean, 'package.json'), '{ "name": "of-a-user", "private": true }\n');
  // npm refuses to be told to install a package for another system.
  const foreign = (name: string) =>
    /-host-bridge-(linux|darwin)-/.test(name) && !name.includes(`-${process.platform}-${process.arch}-`);
  const tarballs = readdirSync(packed).filter((name) => name.endsWith('.tgz') && !foreign(name));
  const install = (network: string) =>
    ran(
      clean,
      'npm',
      'install',
      network,
      '--no-audit',
      '--no-fund',
      ...tarballs.map((name) => join(packed, name)),
    );
  // The set-up has just filled the cache, which is quicker and asks nobody for packages that are not published.
  const fromCache = await install('--offline');
  if (fromCache.code !== 0) {
    const installed = await install('--prefer-offline');
    expect(installed.code, installed.report).toBe(0);
  }
}, DOWNLOAD_MS);
afterAll(() => world.close());

describe('the packages', () => {
  it('are there with their checksums', () => {
    const sums = readFileSync(join(packed, 'SHA256SUMS'), 'utf8').trim().split('\n');
    const names = sums.map((line) => line.split('  ')[1] ?? '');
    expect([...names, 'SHA256SUMS'].sort()).toEqual(readdirSync(packed).sort());
    const here = `streamlib-host-bridge-${process.platform}-${process.arch}`;
    for (const name of [
      'proto',
      'host-bridge',
      'processor',
      'serve',
      'broker',
      'runtime',
      'media',
      'mcp',
      'cli',
    ])
      expect(names).toContainEqual(expect.stringMatching(new RegExp(`^streamlib-${name}-\\d.*\\.tgz$`)));
    expect(names).toContainEqual(expect.stringContaining(here));
    expect(names).toContainEqual(expect.stringMatching(/^streamlib-\d.*-abi3-.*\.whl$/));
  });

  it('run the demo where there is neither Rust nor the checkout', async () => {
    for (const compiler of ['cargo', 'rustc', 'cc'])
      expect((await ran(clean, 'sh', '-c', `command -v ${compiler}`)).code).not.toBe(0);
    cpSync(join(checkout, 'examples', 'camera-python-display'), join(clean, 'example'), { recursive: true });

    const demo = await ran(
      clean,
      'npx',
      '--offline',
      'streamlib',
      'run',
      'example/graph.yaml',
      ...['--duration', '3s', '--json', '--set', 'display.port=0'],
    );
    expect(demo.code, demo.report).toBe(0);
    const result = JSON.parse(demo.lines[0] ?? '') as Record<string, number>;
    expect(result.frames_out, demo.report).toBeGreaterThan(0);
    expect(result).toMatchObject({ errors: 0, restarts: 0 });
    // What Python ran is the wheel of the same build as the addon.
    const environments = join(world.sandbox.home, 'environments');
    const made = readdirSync(environments).filter((name) =>
      existsSync(join(environments, name, 'bin/python')),
    );
    expect(made).toHaveLength(1);
    const source = installedFrom(join(environments, made[0] ?? ''));
    expect(source).toContain(join(clean, 'node_modules/@streamlib/host-bridge-'));
  }, 120_000);

  it('load the addon of the package for this machine', async () => {
    const asked = await ran(
      clean,
      'node',
      '--input-type=module',
      '-e',
      'const b = await import("@streamlib/host-bridge"); console.log(b.stateDir()); console.log(b.prebuiltFolder())',
    );
    expect(asked.lines, asked.report).toEqual([
      world.sandbox.home,
      expect.stringContaining(`${join(realpathSync(clean), 'node_modules/@streamlib/host-bridge-')}`),
    ]);
  });

  it('say what is missing without it', async () => {
    const alone = join(dirname(clean), 'alone');
    const folder = join('node_modules', '@streamlib', 'host-bridge');
    cpSync(join(clean, folder), join(alone, folder), { recursive: true });
    const asked = await ran(
      alone,
      'node',
      '--input-type=module',
      '-e',
      'const b = await import("@streamlib/host-bridge"); try { b.stateDir() } catch (error) { console.log(error.code, error.message) }',
    );
    expect(asked.lines[0], asked.report).toMatch(
      /^io The native addon was found neither at .* nor as the package @streamlib\/host-bridge-\S+, .*install again/,
    );
  });

  it('bring the service of the broker, and it starts the installed program', async () => {
    const printed = await ran(clean, 'node', 'node_modules/@streamlib/broker/launchd/install.mjs', '--print');
    expect(printed.lines.join('\n'), printed.report).toContain(
      join(realpathSync(clean), 'node_modules/@streamlib/broker/bin/streamlib-broker.js'),
    );
  });
});

/** The file that an environment's package streamlib was made from. */
function installedFrom(venv: string): string {
  const [python = ''] = readdirSync(join(venv, 'lib'));
  const packages = join(venv, 'lib', python, 'site-packages');
  const info = readdirSync(packages).find((name) => /^streamlib-.*\.dist-info$/.test(name)) ?? '';
  const { url } = JSON.parse(readFileSync(join(packages, info, 'direct_url.json'), 'utf8')) as {
    url: string;
  };
  return decodeURIComponent(url);
}
