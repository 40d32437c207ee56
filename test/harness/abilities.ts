import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from './world.js';

/** Whether the machine lets us: in a container, root may do neither. */
function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** A disk of one's own, to fill. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'sl-mount-'));
  try {
    return works(() => {
      execFileSync('mount', ['-t', 'tmpfs', 'sl-small-disk', folder], { stdio: 'ignore' });
      execFileSync('umount', [folder], { stdio: 'ignore' });
    });
  } finally {
    rmdirSync(folder);
  }
}

/** Words in the name of another process: what a debugger needs, too. */
export function canSpeakAs(pid: number): boolean {
  return works(() =>
    execFileSync('python3', [join(checkout, 'test/harness/speak_as.py'), String(pid), '--probe'], {
      stdio: 'ignore',
    }),
  );
}
