import { EXIT, type ExitCode } from './errors/cli-error.js';
import type { Io } from './output/io.js';
import { indented } from './output/printable.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` until it ends or Ctrl-C (or a terminate signal) asks for it; that is how a command that follows is meant to end. A
 * second one ends the process at once, and what it has started with it.
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  exit: (code: number) => void = process.exit,
): Promise<void> {
  const abort = new AbortController();
  const stop = () => {
    if (abort.signal.aborted) exit(EXIT.interrupted);
    abort.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    await work(abort.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
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
