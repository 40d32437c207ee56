import { CliError } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { atLeast, formatLine, isLevel, LEVELS, type Level, type LogRecord } from './line.js';

export interface LogOptions {
  readonly follow?: boolean;
  readonly level?: string;
  readonly lines?: string;
  readonly json?: boolean;
}

export function levelOf(options: LogOptions, fallback: Level): Level {
  const { level } = options;
  if (level === undefined) return fallback;
  if (isLevel(level)) return level;
  throw new CliError('usage', `"${level}" is not a level; the levels are ${LEVELS.join(', ')}`);
}

export function countOf(options: LogOptions): number | null {
  if (options.lines === undefined) return null;
  if (/^\d{1,9}$/.test(options.lines)) return Number(options.lines);
  throw new CliError('usage', `"${options.lines}" is not a number of lines`);
}

export function printRecord(io: Io, record: LogRecord, json: boolean): void {
  if (!json) {
    io.out(formatLine(record, io.outPalette));
    return;
  }
  const { time, level, processor, message, fields } = record;
  printJson(io, {
    time: time === null ? null : new Date(time).toISOString(),
    level,
    processor,
    message,
    ...fields,
  });
}

/** Prints records from `least` on; of what is there already only the last `count`, everything that comes later. */
export class Printer {
  private held: LogRecord[] | null;

  constructor(
    private readonly io: Io,
    private readonly least: Level,
    private readonly count: number | null,
    private readonly json: boolean,
  ) {
    this.held = count === null ? null : [];
  }

  take(record: LogRecord): void {
    if (!atLeast(record.level, this.least)) return;
    if (this.held === null) {
      printRecord(this.io, record, this.json);
      return;
    }
    this.held.push(record);
    if (this.held.length > (this.count ?? 0)) this.held.shift();
  }

  /** What was there already has been read. */
  caughtUp(): void {
    for (const record of this.held ?? []) printRecord(this.io, record, this.json);
    this.held = null;
  }
}
