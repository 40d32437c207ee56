import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, stateDir } from '@streamlib/host-bridge';

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
    process.once('exit', () => removeScratch(mine));
    ours = mine;
  }
  const folder = join(mine, name.replace(/[^\w-]/g, '_'));
  removeScratch(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Folders are named after the process that has them; what has another name is nobody's. */
function isInUse(name: string): boolean {
  const pid = Number(name);
  return Number.isSafeInteger(pid) && pid > 0 && isRunning(pid);
}
