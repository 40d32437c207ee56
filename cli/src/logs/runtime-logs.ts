import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { withBroker } from '../broker-client.js';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { whileRead } from '../signals.js';
import { chooseLog, knownLogs } from './find.js';
import { readLines } from './follow.js';
import { parseLine } from './line.js';
import { countOf, type LogOptions, levelOf, Printer } from './print.js';

const SUGGESTED = 8;

/** The log of one runtime with what its subprocesses print, by name or id, whether it still runs or not. */
export async function runtimeLogs(io: Io, runtime: string, options: LogOptions): Promise<ExitCode> {
  const printer = new Printer(io, levelOf(options, 'debug'), countOf(options), options.json === true);
  const file = (await fromBroker(runtime)) ?? fromDisk(runtime);
  const sink = {
    line: (text: string) => {
      if (text !== '') printer.take(parseLine(text));
    },
    caughtUp: () => printer.caughtUp(),
  };
  if (options.follow) await whileRead(io, (signal) => readLines(file, sink, signal));
  else await readLines(file, sink, null);
  return EXIT.ok;
}

/** A running runtime may keep its log elsewhere; only the broker knows. */
async function fromBroker(runtime: string): Promise<string | null> {
  try {
    const { runtimes } = await withBroker((client) => client.call((c) => c.listRuntimes, { runtimeId: '' }));
    const found =
      runtimes.find(({ runtimeId }) => runtimeId === runtime) ??
      runtimes.filter(({ name }) => name === runtime).sort((a, b) => b.registeredAtMs - a.registeredAtMs)[0];
    return found !== undefined && existsSync(found.logFile) ? found.logFile : null;
  } catch (error) {
    if (error instanceof CliError) return null;
    throw error;
  }
}

function fromDisk(runtime: string): string {
  const folder = join(stateDir(), 'logs');
  const logs = knownLogs(folder);
  const found = chooseLog(logs, runtime);
  if (found !== null) return found.file;
  const known = logs.slice(0, SUGGESTED).map(({ id, name }) => `  ${id}  ${name}`);
  throw new CliError(
    'not_found',
    known.length === 0
      ? `no runtime "${runtime}": none has a log in ${folder}`
      : `no runtime "${runtime}"; the latest are:\n${known.join('\n')}`,
  );
}
