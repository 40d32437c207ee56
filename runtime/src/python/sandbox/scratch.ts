import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, stateDir } from '@streamlib/host-bridge';
import { killAll } from '../../process/groups.js';

let ours: string | null = null;

/** An empty folder for one confined process. All folders of this program go when it ends, those of programs that died at its start. */
export function freshScratch(name: string): string {
  const all = join(stateDir(), 'scratch');
  const mine = join(all, String(process.pid));
  if (ours !== mine) {
    mkdirSync(all, { recursive: true, mode: 0o700 });
    for (const pid of readdirSync(all)) {
      if (!isInUse(pid) || pid === String(process.pid)) removeScratch(join(all, pid));
    }
    process.once('exit', () => {
      // Code that still runs could put a link where a folder has just been seen.
      killAll();
      removeScratch(mine);
    });
    ours = mine;
  }
  mkdirSync(mine, { recursive: true, mode: 0o700 });
  const wanted = name.replace(/[^\w-]/g, '_');
  removeScratch(join(mine, wanted));
  return emptyFolder(mine, wanted);
}

/** Under another name where what lies there could not be removed. */
function emptyFolder(parent: string, name: string): string {
  for (let count = 1; ; count++) {
    const folder = join(parent, count === 1 ? name : `${name}.${count}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Never throws: what confined code made of its folder is no reason for the runtime to end, or for a node not to start. What cannot
 * be removed lies there until the next program tries.
 */
export function removeScratch(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    try {
      open(folder, folder);
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // What is left is looked at again when the next program starts.
    }
  }
}

/** Well below what the system takes for a path. */
const LONGEST_PATH = 2048;

/** Code can take the right to look into its own folders, and nest them deeper than a path can be long: both are undone. */
function open(folder: string, top: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    // A link is no directory, wherever it leads.
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (path.length <= LONGEST_PATH) open(path, top);
    else {
      chmodSync(path, 0o700);
      const near = join(top, randomUUID());
      renameSync(path, near);
      open(near, top);
    }
  }
}

/** Folders are named after the process that has them; what has another name is nobody's. */
function isInUse(name: string): boolean {
  const pid = Number(name);
  return Number.isSafeInteger(pid) && pid > 0 && isRunning(pid);
}
