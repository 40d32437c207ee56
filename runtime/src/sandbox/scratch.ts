import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';

let ours: string | null = null;

/** An empty folder for one confined process. All folders of this program go when it ends, those of programs that died at its start. */
export function freshScratch(name: string): string {
  const all = join(stateDir(), 'scratch');
  const mine = join(all, String(process.pid));
  if (ours !== mine) {
    mkdirSync(all, { recursive: true, mode: 0o700 });
    for (const pid of readdirSync(all)) {
      if (!isRunning(Number(pid)) || pid === String(process.pid)) removeScratch(join(all, pid));
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

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
