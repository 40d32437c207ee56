import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BridgeError, InstanceLock } from '@streamlib/host-bridge';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { collectEnvironments } from './collect.js';
import {
  currentEnvironment,
  environmentFor,
  environmentsFolder,
  installedIn,
  switchTo,
} from './environments.js';
import {
  BASE,
  findUv,
  findWheel,
  givenEnvironment,
  interpreter,
  ownEnvironment,
  pythonOf,
} from './locate.js';
import type { Needs } from './needs.js';
import { pythonFits } from './python-version.js';
import { runTool } from './run.js';
import { digest, markReady, readStamp, type Stamp, writeStamp } from './stamp.js';
import type { WheelFile } from './types.js';
import { noteUse } from './usage.js';

/** An interpreter with what was asked for. */
export interface Environment {
  readonly folder: string;
  readonly python: string;
  /** Changes whenever what is installed may have changed. */
  readonly stamp: string;
}

/** What several files asked for together. */
export interface PythonEnvironment extends Environment {
  /** By the index of what was asked for: why a file's needs could not be met. The others are met. */
  readonly failures: ReadonlyMap<number, StreamlibError>;
  /** By the index as well: environments of those that cannot share one with the others. */
  readonly apart: ReadonlyMap<number, Environment>;
}

export interface EnvironmentOptions {
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

const LOCK_POLL_MS = 100;

/**
 * An environment that has what these files need: one for each set of requirements, shared by all graphs that ask for the same and
 * never changed, so nothing that runs is touched. One that is there already costs reading one small file; two runtimes that ask at
 * once for one that is not are served one after the other.
 *
 * Files of one graph share one if they can; where they contradict each other each has its own, and where a file's needs cannot be
 * met only that one fails.
 */
export async function ensureEnvironment(
  needs: readonly Needs[],
  options: EnvironmentOptions,
): Promise<PythonEnvironment> {
  const all = requirementsOf(needs);
  try {
    const made = await environmentWith(all, options);
    return { ...made, failures: versionFailures(made.folder, needs), apart: new Map() };
  } catch (error) {
    if (options.signal?.aborted || all.length === 0) throw error;
    return eachByItself(needs, options, toError(error));
  }
}

async function eachByItself(
  needs: readonly Needs[],
  options: EnvironmentOptions,
  together: Error,
): Promise<PythonEnvironment> {
  const base = await environmentWith([], options);
  const failures = versionFailures(base.folder, needs);
  const apart = new Map<number, Environment>();
  const only = needs.filter(({ requirements }) => requirements.length > 0).length === 1;
  for (const [index, need] of needs.entries()) {
    if (failures.has(index) || need.requirements.length === 0) continue;
    try {
      if (only) throw together;
      apart.set(index, await environmentWith(requirementsOf([need]), options));
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failures.set(index, unmet(need, toError(error)));
    }
  }
  const met = needs.filter((_, index) => !failures.has(index));
  if (met.length < needs.length) {
    try {
      return { ...(await environmentWith(requirementsOf(met), options)), failures, apart: new Map() };
    } catch (error) {
      if (options.signal?.aborted) throw error;
    }
  }
  return { ...base, failures, apart };
}

function unmet({ source, requirements }: Needs, cause: Error): StreamlibError {
  return new StreamlibError(
    'python_environment',
    `what ${source} asks for (${requirements.join(', ')}) could not be installed; ${cause.message}`,
    { cause },
  );
}

async function environmentWith(
  requirements: readonly string[],
  options: EnvironmentOptions,
): Promise<Environment> {
  const wheel = findWheel();
  const current = currentEnvironment();
  const given = givenEnvironment();
  if (requirements.length === 0 && current !== null) return renewed(current, wheel, options);
  if (requirements.length === 0 && given !== null) return updated(given, wheel, options);
  const below = current ?? given;
  return own(ownEnvironment(requirements, wheel), options, (folder) =>
    make(folder, wheel, requirements, options, below === null ? [] : keptFrom(below)),
  );
}

/** One of the state directory: found as it was made, or made. */
async function own(
  folder: string,
  options: EnvironmentOptions,
  build: (folder: string) => Promise<void>,
): Promise<Environment> {
  const found = used(folder);
  if (found !== null) return found;
  makeFolder(environmentsFolder());
  const lock = await acquire(join(environmentsFolder(), 'lock'), options);
  try {
    const byNow = used(folder);
    if (byNow !== null) return byNow;
    collectEnvironments();
    rmSync(folder, { recursive: true, force: true });
    await build(folder);
    const made = used(folder);
    if (made === null) throw new StreamlibError('python_environment', `${folder} was removed meanwhile`);
    return made;
  } catch (error) {
    // One that is not complete is of no use, also to the next who asks.
    if (readStamp(folder) === null) rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}

/** Noted first and looked for then: one that is in use is not removed. */
function used(folder: string): Environment | null {
  noteUse(folder);
  const stamp = readStamp(folder);
  return stamp === null || !existsSync(pythonOf(folder)) ? null : environment(folder, stamp);
}

/** What packages were installed into by request; with another build of StreamLib, one with the same packages takes its place. */
async function renewed(
  current: string,
  wheel: WheelFile | null,
  options: EnvironmentOptions,
): Promise<Environment> {
  const stamp = readStamp(current);
  if (wheel === null || (stamp !== null && sameWheel(stamp.wheel, wheel)))
    return used(current) ?? environment(current, stamp ?? NO_STAMP);
  const fresh = environmentFor({ like: current, wheel, python: interpreter(), base: BASE });
  return own(fresh, options, async (folder) => {
    await make(folder, wheel, [], options, keptFrom(current));
    const lock = join(current, 'pylock.toml');
    if (existsSync(lock)) copyFileSync(lock, join(folder, 'pylock.toml'));
    switchTo(folder);
  });
}

const NO_STAMP: Stamp = { wheel: null, satisfied: [], installedAt: '' };

/** What STREAMLIB_VENV names is brought up to date where it is: whoever names it answers for what runs in it. */
async function updated(
  venv: string,
  wheel: WheelFile | null,
  options: EnvironmentOptions,
): Promise<Environment> {
  const ready = readyStamp(venv, wheel);
  if (ready !== null) return environment(venv, ready);
  makeFolder(dirname(venv));
  const lock = await acquire(`${venv}.lock`, options);
  try {
    const byNow = readyStamp(venv, wheel);
    if (byNow !== null) return environment(venv, byNow);
    const previous = readStamp(venv);
    // A rebuilt wheel has the same version; without this uv would keep the old one.
    const reinstall =
      wheel === null || sameWheel(previous?.wheel ?? null, wheel) ? [] : ['--reinstall-package', 'streamlib'];
    await install(venv, wheel, [], options, reinstall);
    const stamp = { wheel, satisfied: [digest([])], installedAt: new Date().toISOString() };
    writeStamp(venv, stamp);
    return environment(venv, stamp);
  } finally {
    lock.release();
  }
}

async function make(
  folder: string,
  wheel: WheelFile | null,
  requirements: readonly string[],
  options: EnvironmentOptions,
  kept: readonly string[],
): Promise<void> {
  await install(folder, wheel, requirements, options, [], kept);
  markReady(folder, wheel, requirements);
}

/** What was installed by request, or came with a given environment, is there as well, where a requirement does not change it. */
function keptFrom(environment: string): string[] {
  return installedIn(environment)
    .filter(({ name }) => name !== 'streamlib')
    .map(({ name, version }) => `${name}==${version}`);
}

async function install(
  venv: string,
  wheel: WheelFile | null,
  requirements: readonly string[],
  options: EnvironmentOptions,
  reinstall: readonly string[],
  kept: readonly string[] = [],
): Promise<void> {
  const uv = findUv();
  if (wheel === null && !hasStreamlib(venv)) {
    throw new StreamlibError(
      'python_environment',
      'the Python package streamlib was not found as a wheel; run `npm run setup` in a checkout, or name the wheel in STREAMLIB_WHEEL',
    );
  }
  const run = async (what: string, args: string[]) => {
    const { exit, output } = await runTool(uv, args, { onLine: options.onProgress, signal: options.signal });
    if (exit.code === 0) return;
    if (options.signal?.aborted)
      throw new StreamlibError('stopped', 'stopped while the Python environment was being made');
    throw new StreamlibError(
      'python_environment',
      `${what} failed:\n${output.map((line) => `  ${line}`).join('\n')}`,
    );
  };
  const pip = ['pip', 'install', '--python', pythonOf(venv)];
  if (!existsSync(pythonOf(venv))) {
    options.onProgress('making a Python environment (only the first time)');
    await run('making the Python environment', ['venv', '--allow-existing', '--python', interpreter(), venv]);
  }
  if (kept.length > 0) await run('keeping what is installed', [...pip, '--no-deps', ...kept]);
  options.onProgress(`installing Python packages: ${[...new Set([...BASE, ...requirements])].join(', ')}`);
  const wheelArgs = wheel === null ? [] : [wheel.path];
  await run('installing Python packages', [...pip, ...reinstall, ...wheelArgs, ...BASE, ...requirements]);
}

/** One that cannot be made is an error of its own kind, with what to do. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
}

function cannotWrite(folder: string, cause: unknown): StreamlibError {
  return new StreamlibError(
    'python_environment',
    `nothing can be written in ${folder}, where Python environments are made (${toError(cause).message}); make it writable, or choose another state directory with STREAMLIB_HOME`,
    { cause },
  );
}

function requirementsOf(needs: readonly Needs[]): string[] {
  return [...new Set(needs.flatMap((need) => need.requirements))].sort();
}

function environment(folder: string, stamp: Stamp): Environment {
  return {
    folder,
    python: pythonOf(folder),
    stamp: digest([folder, JSON.stringify(stamp.wheel), stamp.installedAt]),
  };
}

function versionFailures(venv: string, needs: readonly Needs[]): Map<number, StreamlibError> {
  const failures = new Map<number, StreamlibError>();
  const version = versionOf(venv);
  if (version === null) return failures;
  for (const [index, need] of needs.entries()) {
    if (need.requiresPython === null || pythonFits(version, need.requiresPython)) continue;
    failures.set(
      index,
      new StreamlibError(
        'python_environment',
        `${need.source} asks for Python ${need.requiresPython}, the environment ${venv} has ${version}; name another interpreter in STREAMLIB_PYTHON`,
      ),
    );
  }
  return failures;
}

function versionOf(venv: string): string | null {
  try {
    const config = readFileSync(join(venv, 'pyvenv.cfg'), 'utf8');
    return /^version(?:_info)?\s*=\s*([\d.]+)/m.exec(config)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** The stamp of one that is up to date. */
function readyStamp(venv: string, wheel: WheelFile | null): Stamp | null {
  if (!existsSync(pythonOf(venv))) return null;
  const stamp = readStamp(venv);
  if (stamp === null || !stamp.satisfied.includes(digest([]))) return null;
  return wheel === null || sameWheel(stamp.wheel, wheel) ? stamp : null;
}

function sameWheel(a: WheelFile | null, b: WheelFile): boolean {
  return a !== null && a.path === b.path && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

function hasStreamlib(venv: string): boolean {
  const lib = join(venv, 'lib');
  if (!existsSync(lib)) return false;
  return readdirSync(lib).some((name) => {
    const packages = join(lib, name, 'site-packages');
    return (
      existsSync(packages) && readdirSync(packages).some((entry) => /^streamlib-.*\.dist-info$/.test(entry))
    );
  });
}

async function acquire(path: string, options: EnvironmentOptions): Promise<InstanceLock> {
  for (let told = false; ; ) {
    try {
      return InstanceLock.acquire(path);
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'locked') throw cannotWrite(dirname(path), error);
      if (!told) options.onProgress('another runtime prepares the Python environment; waiting for it');
      told = true;
    }
    await pause(LOCK_POLL_MS, undefined, options.signal && { signal: options.signal });
  }
}
