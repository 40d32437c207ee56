// Brings what the peers need, into .streamlib/bench only. What cannot be had is told by name, and the rest is measured.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../../scripts/lib/paths.js';
import { findPython } from '../../scripts/lib/requirements.js';
import { CommandFailed, probe, run } from '../../scripts/lib/run.js';
import { say } from '../../scripts/lib/steps.js';
import { bench, floorAddon, floorTarget, own, python, venv } from './paths.js';
import type { Needs, Peer } from './types.js';

export async function prepare(
  peers: readonly Peer[],
): Promise<{ ready: Peer[]; skipped: Record<string, string> }> {
  mkdirSync(own, { recursive: true });
  await buildFloor();
  const skipped: Record<string, string> = {};
  const ready = [];
  for (const peer of peers) {
    const reason = peer.unavailable() ?? (await whyNot(() => bring(peer.needs)));
    if (reason === null) ready.push(peer);
    else skipped[peer.name] = reason;
  }
  return { ready, skipped };
}

/** The floor and the page touches, which every Node peer uses. */
async function buildFloor() {
  const sources = ['floor/src/lib.rs', 'floor/src/node_api.rs', 'floor/Cargo.toml'].map((path) =>
    join(bench, path),
  );
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  if (existsSync(floorAddon) && statSync(floorAddon).mtimeMs > newest) return;
  say('… the raw floor');
  await run('cargo', [
    'build',
    '--release',
    '--quiet',
    '--locked',
    '--manifest-path',
    join(bench, 'floor/Cargo.toml'),
    '--target-dir',
    floorTarget,
  ]);
  const library = process.platform === 'darwin' ? 'libfloor.dylib' : 'libfloor.so';
  // A process that has the old one loaded must not see it change.
  rmSync(floorAddon, { force: true });
  copyFileSync(join(floorTarget, 'release', library), floorAddon);
}

async function bring(needs: Needs) {
  await bringPython(needs.python);
  await bringNode(needs.npm);
}

/** What pip has installed already: asking it each time would take longer than some measurements. */
const installedFile = join(own, 'installed.json');

async function bringPython(requirements: readonly string[]) {
  if (requirements.length === 0) return;
  const uv = existsSync(tool('uv')) ? tool('uv') : 'uv';
  const hasUv = probe(uv, ['--version']) !== null;
  if (!existsSync(python)) {
    const { path } = findPython();
    rmSync(venv, { recursive: true, force: true });
    rmSync(installedFile, { force: true });
    if (hasUv) await run(uv, ['venv', '--quiet', '--python', path, venv]);
    else await run(path, ['-m', 'venv', venv]);
  }
  const installed: string[] = existsSync(installedFile)
    ? JSON.parse(readFileSync(installedFile, 'utf8'))
    : [];
  const missing = requirements.filter((requirement) => !installed.includes(requirement));
  if (missing.length === 0) return;
  say(`… ${missing.join(', ')}`);
  if (hasUv) await run(uv, ['pip', 'install', '--quiet', '--python', python, ...missing]);
  else await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...missing]);
  writeFileSync(installedFile, JSON.stringify([...installed, ...missing]));
}

async function bringNode(packages: readonly string[]) {
  const missing = () =>
    packages.filter((name) => !existsSync(join(bench, 'node_modules', name, 'package.json')));
  if (missing().length === 0) return;
  say(`… ${packages.join(', ')}`);
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: bench });
  const left = missing();
  if (left.length > 0)
    throw new Error(`npm did not install ${left.join(', ')}, which it may leave out where it does not build`);
}

async function whyNot(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof CommandFailed) return `${error.message}: ${error.lines.at(-1) ?? ''}`.slice(0, 300);
    return error instanceof Error ? error.message : String(error);
  }
}
