import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BridgeError, InstanceLock } from '@streamlib/host-bridge';
import { StreamlibError } from '../../base/streamlib-error.js';
import {
  currentEnvironment,
  environmentsFolder,
  installedIn,
  nextEnvironment,
  pruneEnvironments,
  switchTo,
} from './environments.js';
import { findUv, findWheel, venvPath, type WheelFile } from './locate.js';
import type { Needs } from './needs.js';
import { pythonFits } from './python-version.js';
import { runTool } from './run.js';

export interface PythonEnvironment {
  readonly python: string;
  /** Changes whenever what is installed may have changed. */
  readonly stamp: string;
  /** By the index of what was asked for: why a file's needs could not be met. The others are met. */
  readonly failures: ReadonlyMap<number, StreamlibError>;
}

export interface EnvironmentOptions {
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

interface Stamp {
  readonly wheel: WheelFile | null;
  /** What has been asked for and found installed since the environment last changed. */
  readonly satisfied: readonly string[];
  readonly installedAt: string;
}

/** What every processor needs: the codec's arrays and the broker's gRPC. */
export const BASE = ['numpy', 'grpcio', 'protobuf'];
const STAMP_FILE = 'streamlib-env.json';
const LOCK_POLL_MS = 100;

/**
 * Makes the environment, or brings it up to date. An unchanged one costs reading one small file.
 * Two runtimes may ask at once: a lock lets one work while the other waits and then finds everything done.
 */
export async function ensureEnvironment(
  needs: readonly Needs[],
  options: EnvironmentOptions,
): Promise<PythonEnvironment> {
  const venv = venvPath();
  const wheel = findWheel();
  const ready = readyStamp(venv, wheel, requirementsOf(needs));
  if (ready !== null) return environment(venv, ready, versionFailures(venv, needs));

  mkdirSync(dirname(venv), { recursive: true, mode: 0o700 });
  const managed = wheel !== null && currentEnvironment() !== null;
  const lock = await acquire(managed ? join(environmentsFolder(), 'lock') : `${venv}.lock`, options);
  try {
    // Whoever had the lock may have put another in its place.
    const present = venvPath();
    const byNow = readyStamp(present, wheel, requirementsOf(needs));
    if (byNow !== null) return environment(present, byNow, versionFailures(present, needs));
    return await (managed ? updateBeside : update)(present, wheel, needs, options);
  } finally {
    lock.release();
  }
}

/** What runs from an environment that packages were installed into must not see it change: a new one takes its place. */
async function updateBeside(
  present: string,
  wheel: WheelFile | null,
  needs: readonly Needs[],
  options: EnvironmentOptions,
): Promise<PythonEnvironment> {
  const fresh = nextEnvironment();
  const kept = installedIn(present)
    .filter(({ name }) => name !== 'streamlib')
    .map(({ name, version }) => `${name}==${version}`);
  try {
    const made = await update(fresh, wheel, needs, options, kept);
    // Its lock says what was granted by request; what came in for graphs is known by what is installed.
    const lock = join(present, 'pylock.toml');
    if (existsSync(lock)) copyFileSync(lock, join(fresh, 'pylock.toml'));
    switchTo(fresh);
    pruneEnvironments();
    return made;
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}

export function pythonOf(venv: string): string {
  return join(venv, 'bin', 'python');
}

async function update(
  venv: string,
  wheel: WheelFile | null,
  needs: readonly Needs[],
  options: EnvironmentOptions,
  kept: readonly string[] = [],
): Promise<PythonEnvironment> {
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
  if (!existsSync(pythonOf(venv))) {
    options.onProgress('making the Python environment (only the first time)');
    const interpreter = process.env.STREAMLIB_PYTHON || '>=3.11';
    await run('making the Python environment', ['venv', '--allow-existing', '--python', interpreter, venv]);
  }
  if (kept.length > 0)
    await run('keeping what is installed', [
      'pip',
      'install',
      '--python',
      pythonOf(venv),
      '--no-deps',
      ...kept,
    ]);
  const previous = readStamp(venv);
  const wheelArgs = wheel === null ? [] : [wheel.path];
  // A rebuilt wheel has the same version; without this uv would keep the old one.
  const reinstall =
    wheel === null || sameWheel(previous?.wheel ?? null, wheel) ? [] : ['--reinstall-package', 'streamlib'];
  const install = (requirements: readonly string[]) =>
    run('installing Python packages', [
      'pip',
      'install',
      '--python',
      pythonOf(venv),
      ...reinstall,
      ...wheelArgs,
      ...BASE,
      ...requirements,
    ]);

  const failures = versionFailures(venv, needs);
  const wanted = needs.filter((_, index) => !failures.has(index));
  try {
    options.onProgress(
      `installing Python packages: ${[...new Set([...BASE, ...requirementsOf(wanted)])].join(', ')}`,
    );
    await install(requirementsOf(wanted));
  } catch (error) {
    if (options.signal?.aborted || requirementsOf(wanted).length === 0) throw error;
    // One file's needs must not keep the others from running: take them one by one.
    let met: readonly string[] = [];
    await install(met);
    for (const [index, need] of needs.entries()) {
      if (failures.has(index) || need.requirements.length === 0) continue;
      try {
        await install([...met, ...need.requirements]);
        met = [...met, ...need.requirements];
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        failures.set(
          index,
          new StreamlibError(
            'python_environment',
            `what ${need.source} asks for (${need.requirements.join(', ')}) could not be installed; ${message}`,
            { cause },
          ),
        );
      }
    }
  }
  const satisfied = needs.filter((_, index) => !failures.has(index));
  const stamp: Stamp = {
    wheel,
    // An install may have changed versions that earlier graphs had asked for, so only this one is known to be met.
    satisfied: [...new Set([digest([]), digest(requirementsOf(satisfied))])],
    installedAt: new Date().toISOString(),
  };
  writeStamp(venv, stamp);
  return environment(venv, stamp, failures);
}

/** Notes for an environment that was made elsewhere what is in it. */
export function markReady(venv: string, wheel: WheelFile | null): void {
  writeStamp(venv, { wheel, satisfied: [digest([])], installedAt: new Date().toISOString() });
}

function requirementsOf(needs: readonly Needs[]): string[] {
  return [...new Set(needs.flatMap((need) => need.requirements))].sort();
}

function environment(venv: string, stamp: Stamp, failures: Map<number, StreamlibError>): PythonEnvironment {
  return {
    python: pythonOf(venv),
    stamp: digest([JSON.stringify(stamp.wheel), stamp.installedAt]),
    failures,
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
        `${need.source} asks for Python ${need.requiresPython}, the environment ${venv} has ${version}; name another interpreter in STREAMLIB_PYTHON and remove that folder`,
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

/** The stamp, if it says that all of this is installed. */
function readyStamp(venv: string, wheel: WheelFile | null, requirements: readonly string[]): Stamp | null {
  if (!existsSync(pythonOf(venv))) return null;
  const stamp = readStamp(venv);
  if (stamp === null || !stamp.satisfied.includes(digest(requirements))) return null;
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

function readStamp(venv: string): Stamp | null {
  try {
    return JSON.parse(readFileSync(join(venv, STAMP_FILE), 'utf8')) as Stamp;
  } catch {
    return null;
  }
}

function writeStamp(venv: string, stamp: Stamp): void {
  const path = join(venv, STAMP_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(stamp));
  renameSync(`${path}.new`, path);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

async function acquire(path: string, options: EnvironmentOptions): Promise<InstanceLock> {
  for (let told = false; ; ) {
    try {
      return InstanceLock.acquire(path);
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'locked') throw error;
      if (!told) options.onProgress('another runtime prepares the Python environment; waiting for it');
      told = true;
    }
    await pause(LOCK_POLL_MS, undefined, options.signal && { signal: options.signal });
  }
}
