import { EXIT, type ExitCode } from './errors/cli-error.js';
import type { Io } from './output/io.js';
import { indented } from './output/printable.js';

/** A person who presses Ctrl-C twice, or sends two of these, wants the end now. */
const INSISTENT = ['SIGINT', 'SIGTERM'] as const;

/**
 * Calls `first` when a signal asks to stop, and `again` when a person insists. A terminal that is closed sends SIGHUP, and both the
 * kernel and the shell do; service managers send it along with SIGTERM. So SIGHUP asks, and never insists.
 *
 * @returns A function that takes the listeners away.
 */
export function onStopSignals(first: () => void, again: () => void): () => void {
  let asked = false;
  let insisted = 0;
  const ask = () => {
    if (asked) return;
    asked = true;
    first();
  };
  const insist = () => {
    insisted++;
    if (insisted > 1) again();
    else ask();
  };
  for (const name of INSISTENT) process.on(name, insist);
  process.on('SIGHUP', ask);
  return () => {
    for (const name of INSISTENT) process.off(name, insist);
    process.off('SIGHUP', ask);
  };
}

/**
 * Runs `work` until it ends or Ctrl-C (or a terminate signal) asks for it; that is how a command that follows is meant to end. A
 * second one ends the process at once, and what it has started with it. `end` asks for it, too.
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  exit: (code: number) => void = process.exit,
  end?: AbortSignal,
): Promise<void> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const close = onStopSignals(stop, () => exit(EXIT.interrupted));
  end?.addEventListener('abort', stop, { once: true });
  if (end?.aborted) stop();
  try {
    await work(abort.signal);
  } finally {
    close();
    end?.removeEventListener('abort', stop);
  }
}

/** For what only shows: it also ends when nobody can read what it shows. */
export function whileRead(io: Io, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  return untilInterrupted(work, process.exit, io.readerGone);
}

/** For work that is to be finished: when Ctrl-C ends it before, what it was doing is told, and the exit code says so. */
export async function interruptible(
  io: Io,
  work: (signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  await untilInterrupted(async (signal) => {
    try {
      code = await work(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      io.err(indented(error instanceof Error ? error.message : String(error)));
      code = EXIT.failure;
    }
    if (signal.aborted && code !== EXIT.ok) code = EXIT.interrupted;
  });
  return code;
}
