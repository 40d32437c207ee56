import { mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DestinationStream, type Logger as Pino, pino } from 'pino';
import { closeLogFile, openLogFile } from './log-file.js';
import type { LogFields, Logger, LogLevel } from './logger.js';

export interface LogSink {
  readonly logger: Logger;
  /** Writes out what is buffered and closes the file. */
  close(): Promise<void>;
}

/** A line as listeners get it: who is told comes from the `processor` binding. */
export type LogTap = (level: LogLevel, processor: string | null, message: string) => void;

const KEPT_LOGS = 50;
/** Logs of runtimes that run in this process: there may be more of them than are kept. */
const openLogs = new Set<string>();

/** JSON lines to a file of this runtime's own; each line also goes to `tap`. */
export function openLog(file: string, runtimeId: string, tap: LogTap): LogSink {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeOldLogs(folder);
  const destination = openLogFile(file, (message) => tap('warn', null, message));
  openLogs.add(file);
  const root = pino(
    {
      level: 'debug',
      base: { runtime: runtimeId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    destination as DestinationStream,
  );
  return {
    logger: new TappedLogger(root, null, tap),
    close: async () => {
      openLogs.delete(file);
      await closeLogFile(destination);
    },
  };
}

class TappedLogger implements Logger {
  constructor(
    private readonly pino: Pino,
    private readonly processor: string | null,
    private readonly tap: LogTap,
  ) {}

  debug(message: string, fields?: LogFields): void {
    this.write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.write('error', message, fields);
  }

  child(bindings: LogFields): Logger {
    const processor = typeof bindings.processor === 'string' ? bindings.processor : this.processor;
    return new TappedLogger(this.pino.child({ ...bindings }), processor, this.tap);
  }

  private write(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.pino[level]({ ...fields }, message);
    this.tap(level, this.processor, message);
  }
}

/** Keeps the newest logs, so that a machine that runs graphs every day does not fill up. */
function removeOldLogs(folder: string): void {
  const logs = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ path: join(folder, name), at: modifiedAt(join(folder, name)) }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of logs.slice(KEPT_LOGS)) {
    if (openLogs.has(path)) continue;
    try {
      unlinkSync(path);
    } catch {
      // Another runtime was faster.
    }
  }
}

function modifiedAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
