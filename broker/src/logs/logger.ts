import { type Logger, multistream, pino } from 'pino';
import type { LogLevel } from './levels.js';
import { LogRing } from './ring.js';
import { RotatingFile } from './rotating-file.js';

export type { Logger } from 'pino';

export interface BrokerLog {
  readonly logger: Logger;
  readonly ring: LogRing;
  close(): void;
}

export interface LogOptions {
  /** Null: to no file. */
  readonly file: string | null;
  readonly level: LogLevel;
  /** For people who started the broker in a terminal. */
  readonly alsoTo?: { write(line: string): void } | undefined;
}

export function openLog(options: LogOptions): BrokerLog {
  const ring = new LogRing();
  const file =
    options.file === null
      ? null
      : new RotatingFile(options.file, {
          onError: (error) => process.stderr.write(`the log ${options.file} can't be written: ${error}\n`),
        });
  const sinks = [ring, file, options.alsoTo].filter((sink) => sink !== null && sink !== undefined);
  const logger = pino(
    {
      level: options.level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Each sink takes what the logger lets through; without this, multistream's own default would hold back debug.
    multistream(sinks.map((stream) => ({ level: 'trace' as const, stream }))),
  );
  return { logger, ring, close: () => file?.close() };
}

/** For tests and tools that have no log. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
