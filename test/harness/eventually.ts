import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until the operating system shows a state that sends no event of its own (a process table, a directory).
 * Everything that can tell by itself is awaited directly instead.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false,
  deadlineMs = 5_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(10);
  }
}
