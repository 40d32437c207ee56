import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isRunning } from './is-running.js';
import { relayPath } from './names.js';

/**
 * The file that the broker of this name locks while it runs; its process id is in it.
 *
 * @param relay - The path of the broker's relay; this environment's by default.
 */
export function brokerLockFile(relay: string = relayPath()): string {
  return relay.replace(/(\.sock)?$/, '.lock');
}

/**
 * The process that is this user's broker, whether it answers or not; null when there is none. The file alone does not tell: who
 * ended without a word left a number behind that is another process's by now, so that process has to have the file open, which only
 * the owner of both can see.
 *
 * @param path - The broker's lock file; this environment's by default.
 */
export function brokerLockHolder(path: string = brokerLockFile()): number | null {
  let pid: number;
  try {
    pid = Number(readFileSync(path, 'utf8').trim());
  } catch {
    return null;
  }
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return null;
  if (process.platform !== 'linux') return pid;
  return hasOpen(pid, path) ? pid : null;
}

function hasOpen(pid: number, path: string): boolean {
  try {
    const lock = statSync(path);
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const open = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
      return open?.ino === lock.ino && open.dev === lock.dev;
    });
  } catch {
    return false;
  }
}
