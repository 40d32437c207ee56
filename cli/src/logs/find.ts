import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine } from './line.js';

export interface KnownLog {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly modifiedAt: number;
}

const FIRST_LINE = 4096;

/** The logs of runtimes that ran here, newest first: of a runtime that crashed, the broker knows nothing any more. */
export function knownLogs(folder: string): KnownLog[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => {
      const file = join(folder, name);
      return {
        id: name.slice(0, -'.log'.length),
        name: nameIn(file),
        file,
        modifiedAt: statSync(file).mtimeMs,
      };
    })
    .sort((a, b) => b.modifiedAt - a.modifiedAt);
}

/** By id, by the beginning of an id, or by name; the newest of several. */
export function chooseLog(logs: readonly KnownLog[], wanted: string): KnownLog | null {
  return (
    logs.find(({ id }) => id === wanted) ??
    logs.find(({ name }) => name === wanted) ??
    (wanted.length >= 4 ? logs.find(({ id }) => id.startsWith(wanted)) : undefined) ??
    null
  );
}

/** A log's first line tells which graph it is of: `runtime NAME starts`. */
function nameIn(file: string): string {
  const buffer = Buffer.alloc(FIRST_LINE);
  const fd = openSync(file, 'r');
  try {
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, FIRST_LINE, 0));
    return /^runtime (.+) starts$/.exec(parseLine(text.split('\n')[0] ?? '').message)?.[1] ?? '';
  } finally {
    closeSync(fd);
  }
}
