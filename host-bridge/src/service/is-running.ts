import { readFileSync } from 'node:fs';

/**
 * Whether such a process runs, whoever's it is. One that has ended but that nobody has reaped (in a container without an init)
 * runs no more.
 *
 * @param pid - The process id.
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
    return statOf(pid)[0] !== 'Z';
  } catch {
    // Ours ended in between; another user's may be hidden from us.
    return !ours;
  }
}

/**
 * Whether a process was stopped, by a signal or a debugger: it is there, and does nothing. False where it can't be told.
 *
 * @param pid - The process id.
 */
export function isSuspended(pid: number): boolean {
  try {
    return /^[Tt]$/.test(statOf(pid)[0] ?? '');
  } catch {
    return false;
  }
}

/**
 * When a process began, in ticks of the system's clock. With its id it names one process, as ids are used again. Null where it
 * can't be told.
 *
 * @param pid - The process id.
 */
export function startedAt(pid: number): number | null {
  try {
    return Number(statOf(pid)[19]);
  } catch {
    return null;
  }
}

/** What Linux tells of a process behind its name, which stands in parentheses and may hold anything: its state first. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
