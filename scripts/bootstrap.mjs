#!/usr/bin/env node
// Runs a TypeScript program of this checkout, from whatever state the checkout is in: `node scripts/bootstrap.mjs PROGRAM [ARGUMENTS]`.
// It runs before anything is installed, so it is plain JavaScript and needs Node only: it installs the npm packages where they are
// missing or old, then loads the program through tsx, in this process.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Not import.meta.filename, which a Node that is too old does not have: it is to be told so.
const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const NODE = /** @type {const} */ ([20, 19]);
/** Lines that are shown of an npm that failed. */
const TAIL = 30;

// Lets one set-up work at a time. A folder is made atomically on every file system; the process id in it tells a stale one.
const state = join(root, '.streamlib');
const lock = join(state, 'setup.lock');
const owner = join(lock, 'pid');
/** Long enough for a rival to write its process id after making the folder. */
const GRACE_MS = 2_000;
const POLL_MS = 200;

/**
 * Waits until no other set-up is at work in this checkout, then works.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(work) {
  mkdirSync(state, { recursive: true });
  let told = false;
  let nameless = 0;
  while (!tryAcquire()) {
    const pid = holder();
    if (pid === null) nameless += POLL_MS;
    if (pid === null ? nameless > GRACE_MS : !isAlive(pid)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told)
      console.error(`  another set-up is at work here (process ${pid ?? 'unknown'}); waiting for it`);
    told = true;
    await pause(POLL_MS);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  const interrupted = () => {
    release();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await work();
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    release();
  }
}

function tryAcquire() {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(owner, String(process.pid));
  return true;
}

function holder() {
  try {
    return Number(readFileSync(owner, 'utf8')) || null;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && 'code' in error ? error.code : undefined);

/**
 * Whether npm's lockfile names a package for this platform that is not installed in that version.
 *
 * @typedef {{ version?: string, optional?: boolean, link?: boolean }} Entry
 */
function modulesAreStale() {
  /** @param {string} path @returns {Record<string, Entry>} */
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return true;
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(read('package-lock.json')).some(([path, { version, optional, link }]) => {
    if (!path.startsWith('node_modules/') || link) return false;
    const there = installed[path];
    return there === undefined ? optional !== true : there.version !== version;
  });
}

/** Installs what the lockfile names. Quiet, but for what a failing npm said. Returns whether it did well. */
async function installModules() {
  const began = performance.now();
  console.error('… Node packages');
  /** @type {string[]} */
  const output = [];
  const code = await new Promise((done) => {
    const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      // npm passes its own settings on to a script it runs; a second npm must read the project's.
      env: { ...process.env, npm_config_loglevel: 'warn' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [npm.stdout, npm.stderr])
      stream.setEncoding('utf8').on('data', (text) => output.push(text));
    npm.once('error', (error) => {
      output.push(error.message);
      done(1);
    });
    npm.once('close', (exitCode, signal) => done(exitCode ?? signal));
  });
  if (code === 0) {
    console.error(`✓ Node packages (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    return true;
  }
  console.error(`✗ Node packages: \`npm ci\` failed (${code})`);
  for (const line of output.join('').trimEnd().split('\n').slice(-TAIL)) console.error(`    ${line}`);
  console.error('  If a download failed, check the network connection and run the same command again.');
  return false;
}

/** @param {string[]} args */
async function main([program, ...args]) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE[0] || (major === NODE[0] && minor < NODE[1])) {
    console.error(
      `✗ Node ${NODE.join('.')} or newer is needed; this is ${process.versions.node}. Install a newer Node and try again.`,
    );
    return 1;
  }
  if (program === undefined) {
    console.error('usage: node scripts/bootstrap.mjs PROGRAM [ARGUMENTS]');
    return 2;
  }
  // Asked again with the lock held: a rival may have installed them meanwhile.
  if (modulesAreStale() && !(await withLock(async () => !modulesAreStale() || installModules()))) return 1;
  const path = resolve(root, program);
  process.argv = [process.execPath, path, ...args];
  process.setSourceMapsEnabled(true);
  const { register } = await import('tsx/esm/api');
  register();
  await import(pathToFileURL(path).href);
  return null;
}

if (process.argv[1] === self) {
  // Not awaited: the programs import this module, and would wait for it while it waits for them. A failure ends the process.
  void main(process.argv.slice(2)).then((code) => {
    if (code !== null) process.exitCode = code;
  });
}
