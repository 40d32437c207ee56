import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { stateDir } from '@streamlib/host-bridge';
import type { TailLogsResponse } from '@streamlib/proto';
import { type BrokerClient, withBroker } from '../broker-client.js';
import { CliError, type CliErrorCode, EXIT, type ExitCode } from '../errors/cli-error.js';
import { readLines } from '../logs/follow.js';
import { isLevel, type LogRecord, parseLine } from '../logs/line.js';
import { countOf, type LogOptions, levelOf, Printer, printRecord } from '../logs/print.js';
import type { Io } from '../output/io.js';
import { whileRead } from '../signals.js';

/** With what its file is read instead. */
const silent: Partial<Record<CliErrorCode, string>> = {
  broker_not_running: 'is not running',
  broker_stuck: 'does not answer',
};

/** The broker's own log: from the broker while it runs, from its file after it has gone. */
export async function brokerLogs(io: Io, options: LogOptions): Promise<ExitCode> {
  const level = levelOf(options, 'info');
  const count = countOf(options);
  try {
    await whileRead(io, (signal) =>
      withBroker(async (client) => {
        // Whether it answers at all: a stream of one that hangs would only be silent, as that of one with nothing to say.
        await client.call((c) => c.getStatus, {});
        await tail(
          client,
          { level, follow: options.follow === true, lines: count ?? undefined },
          signal,
          (record) => printRecord(io, record, options.json === true),
        );
      }),
    );
  } catch (error) {
    if (!(error instanceof CliError) || options.follow) throw error;
    const why = silent[error.code];
    const file = why === undefined ? null : newestLog(stateDir());
    if (file === null) throw error;
    io.err(`The broker ${why}; this is what it wrote to ${file}:`);
    const printer = new Printer(io, level, count, options.json === true);
    await readLines(
      file,
      { line: (text) => text !== '' && printer.take(parseLine(text)), caughtUp: () => printer.caughtUp() },
      null,
    );
  }
  return EXIT.ok;
}

function tail(
  client: BrokerClient,
  request: { level: string; follow: boolean; lines: number | undefined },
  signal: AbortSignal,
  print: (record: LogRecord) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.stream((c, metadata) => c.tailLogs(request, metadata));
    const cancel = () => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    stream.on('data', (line: TailLogsResponse) => print(toRecord(line)));
    stream.once('end', () => {
      signal.removeEventListener('abort', cancel);
      resolve();
    });
    stream.on('error', (error: ServiceError) => {
      if (error.code === status.CANCELLED && signal.aborted) resolve();
      else reject(client.explain(error));
    });
  });
}

export function toRecord(line: TailLogsResponse): LogRecord {
  return {
    time: line.timeMs,
    level: isLevel(line.level) ? line.level : 'info',
    processor: null,
    message: line.message,
    fields: line.fieldsJson === '' ? {} : (JSON.parse(line.fieldsJson) as Record<string, unknown>),
  };
}

/** The log is rotated: the newest file is the one with the end. */
function newestLog(folder: string): string | null {
  try {
    const files = readdirSync(folder)
      .filter((name) => /^broker\b.*\.log$/.test(name) || /^broker\.log\b/.test(name))
      .map((name) => join(folder, name));
    return files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? null;
  } catch {
    return null;
  }
}
