import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What has become of a program's standard output. */
export interface GuardedOutput {
  /** The last failure of standard output; null while everything could be written. */
  readonly failure: NodeJS.ErrnoException | null;
  /** Aborted once nobody can read standard output any more: its pipe was closed, or its terminal. */
  readonly readerGone: AbortSignal;
}

/** A pipe without a reader, and a terminal that was closed. A full disk is neither: it may have room again. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/**
 * From here on, output that cannot be written ends nothing: without a listener, the error of a stream is an uncaught exception.
 * Call it once, before anything is written, in a program that owns its standard streams.
 */
export function guardOutput(): GuardedOutput {
  const gone = new AbortController();
  const state: { failure: NodeJS.ErrnoException | null; readonly readerGone: AbortSignal } = {
    failure: null,
    readerGone: gone.signal,
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    state.failure = error;
    if (GONE.includes(error.code)) gone.abort();
  });
  // There is no other place to tell it.
  process.stderr.on('error', () => {});
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('exit', () => leaveTerminals(terminals));
  return state;
}

/**
 * At its very end Node puts back the settings of the terminals that it began with, and aborts (SIGABRT) where that fails, as it does
 * when a terminal was closed. It passes over descriptors that are something else by then.
 */
function leaveTerminals(descriptors: readonly number[]): void {
  for (const fd of descriptors) {
    if (isatty(fd)) continue;
    try {
      closeSync(fd);
      // The lowest free number is taken: the one that was just closed.
      openSync('/dev/null', 'r+');
    } catch {
      // Closed by somebody already, or no descriptor is left; nothing more can be done at the end.
    }
  }
}
