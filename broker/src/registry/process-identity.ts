import { readFileSync } from 'node:fs';

/** Tells one process from another that got the same number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's own unit; null where the system does not tell. */
  readonly startedAt: string | null;
}

export interface ProcessTable {
  /** Null: there is no such process, as far as this one can see. */
  identify(pid: number): ProcessIdentity | null;
}

export function isSameProcess(table: ProcessTable, identity: ProcessIdentity): boolean {
  const now = table.identify(identity.pid);
  return now !== null && (identity.startedAt === null || now.startedAt === identity.startedAt);
}

export const systemProcesses: ProcessTable = {
  identify(pid) {
    return process.platform === 'linux' ? identifyByProc(pid) : identifyBySignal(pid);
  },
};

function identifyByProc(pid: number): ProcessIdentity | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    // Anything but "no such process" is not knowing, which must not take a live runtime's connections away.
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? null : { pid, startedAt: null };
  }
  // The name, in parentheses, may hold spaces and parentheses of its own; the fields after it don't.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // A zombie runs no more, its parent has just not asked.
  if (state === 'Z' || state === 'X') return null;
  return { pid, startedAt: fields[19] ?? null };
}

function identifyBySignal(pid: number): ProcessIdentity | null {
  try {
    process.kill(pid, 0);
    return { pid, startedAt: null };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? null : { pid, startedAt: null };
  }
}
