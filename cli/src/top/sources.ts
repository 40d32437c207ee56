import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import type { ProcessorEntry, RuntimeEntry } from '@streamlib/proto';
import { metricsFolder, type RuntimeStats } from '@streamlib/runtime';

/** What a runtime with metrics answers. */
export interface Told {
  readonly stats: RuntimeStats;
  readonly pid: number;
  readonly leases: number;
  readonly processes: readonly (readonly [
    number,
    { readonly cpuSeconds: number; readonly residentBytes: number },
  ])[];
}

export interface Note {
  readonly runtime_id: string;
  readonly pid: number;
  readonly url: string;
}

/** The runtimes of this user that serve metrics. Notes of those that were killed are removed. */
export function notes(): Note[] {
  const folder = metricsFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const path = join(folder, name);
      try {
        const note = JSON.parse(readFileSync(path, 'utf8')) as Note;
        if (isRunning(note.pid)) return [note];
      } catch {
        // Being written, or of another version.
        return [];
      }
      rmSync(path, { force: true });
      return [];
    });
}

export async function ask(note: Note): Promise<Told | null> {
  try {
    const answer = await fetch(`${note.url}/stats.json`, { signal: AbortSignal.timeout(2_000) });
    return answer.ok ? ((await answer.json()) as Told) : null;
  } catch {
    // It is about to end, or too busy; the next look will tell.
    return null;
  }
}

/** What the broker knows of runtimes that serve no metrics. */
export interface Known {
  readonly runtimes: readonly RuntimeEntry[];
  readonly processors: readonly ProcessorEntry[];
}
