/** Process groups that run now. When this process ends without having stopped them, by an exception say, they end with it. */
const groups = new Set<number>();

/** What is left of them when this process ends, before what they use is taken away. */
export function killAll(): void {
  for (const pid of groups) killGroup(pid, 'SIGKILL');
}

/** A group that is gone already is fine. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left.
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
