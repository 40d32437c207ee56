#!/usr/bin/env node
// Makes a checkout ready to run: `node scripts/bootstrap.mjs scripts/setup.ts`; with `--tests` (or `--ci`) also for tests and checks.
// Run it as often as you like: what is up to date is skipped.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from './bootstrap.mjs';
import { NODE_MAJORS, nodeFolder, nodePackage, nodeProgram, whyNotTried } from './lib/node-versions.js';
import {
  npmBin,
  packages,
  root,
  stamps,
  state,
  tool,
  tools,
  typescriptProgram,
  wheels,
} from './lib/paths.js';
import {
  checkRust,
  ensureBubblewrap,
  ensureChromium,
  ensureVenv,
  findChromium,
  findPython,
} from './lib/requirements.js';
import { run } from './lib/run.js';
import { perform, type Step, say, tell } from './lib/steps.js';

const OFFLINE = 'If a download failed, check the network connection and run the same command again.';
const DEV_BIN = ['.streamlib/bin/streamlib', '.streamlib/bin/streamlib-broker'];

const pythonTools = (withTests: boolean): Step => ({
  name: withTests ? 'tools-tests' : 'tools',
  title: withTests ? 'Python tools for tests and checks' : 'Python tools',
  inputs: ['scripts/tools-requirements.txt', ...(withTests ? ['scripts/test-requirements.txt'] : [])],
  outputs: [
    '.streamlib/tools/bin/python',
    '.streamlib/tools/bin/uv',
    '.streamlib/tools/bin/maturin',
    ...(withTests ? ['.streamlib/tools/bin/pytest'] : []),
  ],
  advice: OFFLINE,
  work: async () => {
    const python = findPython();
    await ensureVenv(python);
    if (!existsSync(tool('python'))) {
      rmSync(tools, { recursive: true, force: true });
      await run(python.path, ['-m', 'venv', tools]);
    }
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    if (!existsSync(tool('uv'))) await run(tool('python'), [...pip, '-r', 'scripts/tools-requirements.txt']);
    const files = ['scripts/tools-requirements.txt', ...(withTests ? ['scripts/test-requirements.txt'] : [])];
    await run(tool('python'), [...pip, ...files.flatMap((file) => ['-r', file])]);
  },
});

const typescript: Step = {
  name: 'typescript',
  title: 'TypeScript',
  inputs: [
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.base.json',
    ...packages.flatMap((name) => [`${name}/src`, `${name}/tsconfig.json`]),
  ],
  accept: (path) => !path.endsWith('.spec.ts'),
  outputs: packages.map((name) => `${name}/dist/index.js`),
  advice: 'The errors above are in the TypeScript sources; mend them, then run the command again.',
  work: () => run(npmBin('tsc'), ['-b']),
};

const RUST = ['Cargo.toml', 'Cargo.lock', 'host-bridge/core/Cargo.toml', 'host-bridge/core/src'];
const RUST_ADVICE =
  'Rust 1.88 or newer is needed (`rustup update`). For errors in the sources: mend them, then run the command again.';

const ADDON = 'host-bridge/dist/native/streamlib.node';

const native: Step = {
  name: 'native',
  title: 'Native bridge for Node (the first build takes a few minutes)',
  inputs: [...RUST, 'host-bridge/native', 'scripts/build-native.ts'],
  outputs: [ADDON],
  advice: RUST_ADVICE,
  work: () => run(process.execPath, typescriptProgram('scripts/build-native.ts')),
};

const findWheel = () =>
  existsSync(wheels)
    ? readdirSync(wheels)
        .filter((name) => name.endsWith('.whl'))
        .map((name) => join(wheels, name))[0]
    : undefined;

const wheel: Step = {
  name: 'wheel',
  title: 'Python package streamlib',
  inputs: [
    ...RUST,
    'client-runner/Cargo.toml',
    'client-runner/pyproject.toml',
    'client-runner/build.rs',
    'client-runner/src',
    'client-runner/python',
  ],
  outputs: ['.streamlib/wheels'],
  advice: RUST_ADVICE,
  work: async () => {
    // Built beside and moved: a runtime that looks for the wheel meanwhile finds the old one or the new one, never half of one.
    const fresh = join(state, 'wheels.new');
    rmSync(fresh, { recursive: true, force: true });
    await run(tool('maturin'), [
      'build',
      '--release',
      '--quiet',
      '--manifest-path',
      'client-runner/Cargo.toml',
      '--interpreter',
      tool('python'),
      '--out',
      fresh,
    ]);
    rmSync(wheels, { recursive: true, force: true });
    renameSync(fresh, wheels);
  },
};

const developmentCommands: Step = {
  name: 'dev-commands',
  title: 'Commands in .streamlib/bin',
  inputs: ['scripts/dev-setup.sh'],
  outputs: DEV_BIN,
  extra: [root],
  advice: 'See scripts/dev-setup.sh.',
  work: () => run('bash', ['scripts/dev-setup.sh', '--quiet']),
};

const PROGRAMS = '.streamlib/programs/test/harness/graph-program.js';

/** Tests that count processes and descriptors start programs that are nothing but themselves. */
const programsForTests: Step = {
  name: 'tests-programs',
  title: 'Programs that tests start',
  inputs: [
    '.streamlib/stamps/typescript',
    'tsconfig.programs.json',
    'test',
    'bench/startup',
    'scripts/lib/root.ts',
  ],
  accept: (path) => !path.endsWith('.spec.ts') && !path.endsWith('.py') && !path.endsWith('.rs'),
  outputs: [PROGRAMS],
  advice: 'The errors above are in the TypeScript sources; mend them, then run the command again.',
  work: () => run(npmBin('tsc'), ['-p', 'tsconfig.programs.json']),
};

/** The tests of the Python package run in the tools' environment, so the package has to be in it. */
const packageForTests: Step = {
  name: 'tools-wheel',
  title: 'Python package streamlib, for its tests',
  inputs: ['.streamlib/stamps/wheel', 'scripts/test-requirements.txt'],
  outputs: [],
  advice: OFFLINE,
  work: () =>
    run(tool('uv'), [
      'pip',
      'install',
      '--quiet',
      '--python',
      tool('python'),
      '--reinstall-package',
      'streamlib',
      findWheel() ?? wheels,
    ]),
};

/** Tests share one environment for Python processors: made here, so that no test's time limit pays for it. */
const environmentForTests: Step = {
  name: 'tests-venv',
  title: 'Environment for Python processors',
  inputs: ['.streamlib/stamps/wheel'],
  outputs: ['.streamlib/venv/bin/python'],
  advice: OFFLINE,
  work: async () => {
    process.env.STREAMLIB_HOME = state;
    process.env.STREAMLIB_VENV = join(state, 'venv');
    const environment: typeof import('../runtime/dist/python/environment/environment.js') = await import(
      pathToFileURL(join(root, 'runtime/dist/python/environment/environment.js')).href
    );
    await environment.ensureEnvironment([], { onProgress: () => {} });
  },
};

/** Programs that end by themselves are tried on the versions of Node that people have (test/node-versions.spec.ts). */
const nodeForTests = (major: number, { name, version }: { name: string; version: string }): Step => ({
  name: `tests-node-${major}`,
  title: `Node ${version}, for tests on it`,
  inputs: [],
  extra: [name, version],
  outputs: [relative(root, nodeFolder(major))],
  advice: OFFLINE,
  work: async () => {
    const folder = nodeFolder(major);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--loglevel=error'];
    await run('npm', ['install', ...quiet, `${name}@${version}`], { cwd: folder });
  },
});

/** What is missing then is named by the tests that are skipped for it: without a network everything else can still be tested. */
async function nodesForTests(): Promise<boolean> {
  let done = false;
  for (const major of NODE_MAJORS) {
    const wanted = nodePackage(major);
    try {
      if (wanted !== null) done = (await perform(nodeForTests(major, wanted))) || done;
    } catch (error) {
      tell(error);
      rmSync(nodeFolder(major), { recursive: true, force: true });
    }
    if (nodeProgram(major) === null) say(`  ${whyNotTried(major)}`);
  }
  return done;
}

/** Brings everything up to date. Returns whether anything had to be done. */
export async function setUp({ tests = false }: { readonly tests?: boolean } = {}): Promise<boolean> {
  const began = performance.now();
  const worked = await withLock(async () => {
    mkdirSync(stamps, { recursive: true });
    let done = false;
    const steps = async (...list: readonly Step[]) => {
      for (const step of list) done = (await perform(step)) || done;
    };
    if (!existsSync(join(root, ADDON)) || findWheel() === undefined) {
      // Told before anything is built.
      checkRust();
      findPython();
    }
    // Downloads wait for the network and builds for the processor: one of each at a time.
    await settled([
      steps(typescript),
      steps(pythonTools(false), ...(tests ? [pythonTools(true)] : []), wheel, native),
    ]);
    await steps(developmentCommands);
    if (tests) {
      await steps(programsForTests, packageForTests, environmentForTests);
      done = (await nodesForTests()) || done;
      const lacking = await ensureBubblewrap();
      if (lacking !== null) say(`  ${lacking}`);
      if (findChromium() === null) {
        say('… Chromium, for the tests of the page');
        await ensureChromium();
      }
    }
    return done;
  });
  if (worked) say(`Ready after ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  return worked;
}

/** Waits for all, then throws the first failure: a build that is still running must not be left behind. */
async function settled(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !['--tests', '--ci'].includes(arg));
  if (unknown !== undefined) {
    say(`usage: npm run setup -- [--tests | --ci]   (not ${unknown})`);
    process.exit(2);
  }
  try {
    const worked = await setUp({ tests: args.length > 0 });
    if (!worked) say('Everything is up to date.');
  } catch (error) {
    tell(error);
    process.exit(1);
  }
}
