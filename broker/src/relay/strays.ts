import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How an anonymous listener's path is called for the moment in which it has one: process and count. */
const strayName = /^\.(\d+)-\d+$/;
/** A listener is made in far less. */
const oldMs = 10_000;

/**
 * Removes the paths of listeners whose process was killed between the making of its socket and the removal of its path. Nobody
 * listens there, so all that they do is to lie about. Gives how many there were.
 */
export function removeStrays(relayPath: string, isAlive: (pid: number) => boolean, now = Date.now()): number {
  const folder = dirname(relayPath);
  let removed = 0;
  for (const name of namesIn(folder)) {
    const pid = Number(strayName.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const path = join(folder, name);
    try {
      const entry = statSync(path);
      if (!entry.isSocket() || now - entry.ctimeMs < oldMs) continue;
      unlinkSync(path);
      removed++;
    } catch {
      // Somebody else has removed it.
    }
  }
  return removed;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
