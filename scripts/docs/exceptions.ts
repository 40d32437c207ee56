// Public names that have no doc comment yet. The list may only shrink: a line that is no longer true fails the check.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { source } from './paths.js';

/** The lines of `exceptions.txt`, each as the checks print it. */
export function readExceptions(): string[] {
  return readFileSync(join(source, 'exceptions.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** What fails: what is missing and not excepted, and exceptions that nothing needs any more. */
export function judge(
  missing: readonly string[],
  exceptions: readonly string[],
): { failures: string[]; excepted: number } {
  const stale = exceptions.filter((line) => !missing.includes(line));
  return {
    failures: [
      ...missing.filter((line) => !exceptions.includes(line)),
      ...stale.map((line) => `scripts/docs/exceptions.txt: remove "${line}": it is no longer missing`),
    ],
    excepted: exceptions.length - stale.length,
  };
}
