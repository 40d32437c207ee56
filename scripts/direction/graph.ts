// Arrows between files, and the circles that they make. Pure: who reads the files is elsewhere.

/** `from` needs `to`. Both are paths, relative to the folder that is looked at. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Groups of names that reach one another, each sorted, the groups in the order of their first names (Tarjan's algorithm). */
export function circles(arrows: readonly Arrow[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of arrows) {
    if (!next.has(from)) next.set(from, new Set());
    if (!next.has(to)) next.set(to, new Set());
    next.get(from)?.add(to);
  }
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const visit = (name: string): number => {
    const own = index.size;
    index.set(name, own);
    let lowest = own;
    stack.push(name);
    onStack.add(name);
    for (const other of next.get(name) ?? []) {
      if (!index.has(other)) lowest = Math.min(lowest, visit(other));
      else if (onStack.has(other)) lowest = Math.min(lowest, index.get(other) ?? own);
    }
    low.set(name, lowest);
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(name));
      for (const member of group) onStack.delete(member);
      if (group.length > 1) found.push(group.sort());
    }
    return lowest;
  };
  for (const name of next.keys()) if (!index.has(name)) visit(name);
  return found.sort(([a = ''], [b = '']) => a.localeCompare(b));
}

/** The folder of a file; a file that lies at the top is a unit of its own, by its name without the ending. */
export function unitOf(file: string): string {
  const at = file.lastIndexOf('/');
  return at < 0 ? file.replace(/\.[^.]+$/, '') : file.slice(0, at);
}

/** The same arrows between folders, without those inside one folder. */
export function betweenUnits(arrows: readonly Arrow[]): Arrow[] {
  return arrows
    .map(({ from, to }) => ({ from: unitOf(from), to: unitOf(to) }))
    .filter(({ from, to }) => from !== to);
}
