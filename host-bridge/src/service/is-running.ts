import { readFileSync } from 'node:fs';

/**
 * Whether such a process runs, whoever's it is. One that has ended but that nobody has reaped (in a container without an init)
 * runs no more.
 */
export function isRunning(pid: number): boolean {
  let ours = true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    ours = false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, so the state is looked for behind it.
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    // Ours ended in between; another user's may be hidden from us.
    return !ours;
  }
}
