import { readdirSync, readFileSync } from 'node:fs';

/** On the command line of the process that `multiprocessing` starts to clean up after the others. */
const TRACKER = 'multiprocessing.resource_tracker';

/** Process groups that run now. When this process ends without having stopped them, by an exception say, they end with it. */
const groups = new Set<number>();

/** What is left of them when this process ends, before what they use is taken away. */
export function killAll(): void {
  for (const pid of groups) killWork(pid);
}

/** A group that is gone already is fine. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left.
  }
}

/** Whether anybody is left of a group. */
export function isGroupThere(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Kills a group but for Python's resource trackers. One of these ends by itself as soon as the others are gone, and removes what
 * they left in /dev/shm; killed, it leaves that there until the machine is started again. Returns how many there are.
 */
export function killWork(pid: number): number {
  const trackers = new Set(isGroupThere(pid) ? trackersOf(pid) : []);
  if (trackers.size === 0) {
    killGroup(pid, 'SIGKILL');
    return 0;
  }
  for (const member of membersOf(pid)) {
    if (trackers.has(member)) continue;
    try {
      process.kill(member, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  return trackers.size;
}

/** Those that have not ended; where there is no /proc, none is known. */
export function trackersOf(pid: number): number[] {
  return membersOf(pid).filter((member) => textOf(`/proc/${member}/cmdline`).includes(TRACKER));
}

/** Processes of a group that have not ended; where there is no /proc, none is known. */
export function membersOf(group: number): number[] {
  let all: string[];
  try {
    all = readdirSync('/proc');
  } catch {
    return [];
  }
  return all.map(Number).filter((pid) => {
    if (!Number.isInteger(pid)) return false;
    // After the name, which may hold anything: state, parent, group.
    const [state, , of] = textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    return Number(of) === group && state !== 'Z';
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** From here on the group that `pid` leads ends with this process, until what is returned is called. */
export function endsWithUs(pid: number): () => void {
  if (groups.size === 0) process.on('exit', killAll);
  groups.add(pid);
  return () => {
    groups.delete(pid);
    if (groups.size === 0) process.off('exit', killAll);
  };
}
