// Lets one set-up work at a time. A folder is made atomically on every file system; the process id in it tells a stale one.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { state } from './paths.mjs';

const folder = join(state, 'setup.lock');
const owner = join(folder, 'pid');
/** Long enough for a rival to write its process id after making the folder. */
const GRACE_MS = 2_000;
const POLL_MS = 200;

export async function withLock(work) {
  mkdirSync(state, { recursive: true });
  let told = false;
  let nameless = 0;
  while (!tryAcquire()) {
    const pid = holder();
    if (pid === null) nameless += POLL_MS;
    if (pid === null ? nameless > GRACE_MS : !isAlive(pid)) {
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    if (!told)
      console.error(`  another set-up is at work here (process ${pid ?? 'unknown'}); waiting for it`);
    told = true;
    await pause(POLL_MS);
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
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
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
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

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
