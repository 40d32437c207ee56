import { openSync } from 'node:fs';
import { pino } from 'pino';

export type LogFile = ReturnType<typeof pino.destination>;

/** What waits while the file can't be written; what is beyond that is lost. */
const WAITING_BYTES = 1024 * 1024;

/**
 * A log that outlives a full disk: lines wait and are written, with the next one, when there is room. `onTrouble` is told once for
 * each streak of failures, for the log itself can't be told.
 */
export function openLogFile(path: string, onTrouble: (message: string) => void): LogFile {
  // Opened here, so that one that can't be opened is an error of its caller.
  const descriptor = openSync(path, 'a', 0o600);
  const file = pino.destination({ dest: descriptor, sync: false, maxLength: WAITING_BYTES });
  let failing = false;
  file.on('error', (error: Error) => {
    if (!failing)
      onTrouble(
        `the log ${path} cannot be written, its lines wait (make room on that disk): ${error.message}`,
      );
    failing = true;
  });
  file.on('write', () => {
    failing = false;
  });
  return file;
}

/** Settles when what waits is written, or can't be. */
export function closeLogFile(file: LogFile): Promise<void> {
  return new Promise((resolve) => {
    file.once('close', () => resolve());
    // A write that fails now is not tried again.
    file.once('error', () => file.destroy());
    file.end();
  });
}
