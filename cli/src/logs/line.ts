import type { Palette } from '../output/palette.js';
import { indented, oneLine } from '../output/printable.js';

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogRecord {
  /** Milliseconds since the epoch; null for a line that is no JSON (written while the log was not yet open, or cut). */
  readonly time: number | null;
  readonly level: Level;
  /** Which processor speaks; null for the program itself. */
  readonly processor: string | null;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The numbers that pino writes unless it is told to write names. */
const NUMBERED: Readonly<Record<number, Level>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** No spaces: a further line of another message must not look like a line without a time. */
const NO_TIME = '--:--:--.---';
/** Told by the file, or of no use to a reader; the ids are for who compares the logs of several programs, with `--json`. */
const SILENT = new Set(['hostname', 'runtime', 'v', 'name']);
/** The same in a runtime's log; the broker's speaks of other processes. */
const SILENT_OF_RUNTIME = new Set(['pid', 'connection_id']);

export function isLevel(text: unknown): text is Level {
  return LEVELS.some((level) => level === text);
}

export function parseLine(text: string): LogRecord {
  const record = readJson(text);
  if (record === null) return { time: null, level: 'info', processor: null, message: text, fields: {} };
  const { time, level, msg, processor, ...rest } = record;
  return {
    time: typeof time === 'number' ? time : typeof time === 'string' ? Date.parse(time) || null : null,
    level: isLevel(level) ? level : typeof level === 'number' ? (NUMBERED[level] ?? 'info') : 'info',
    processor: typeof processor === 'string' ? processor : null,
    message: typeof msg === 'string' ? msg : '',
    fields: rest,
  };
}

export function atLeast(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/**
 * `14:03:12.345 warn  [effect] message key=value`; the date is left out: it is told by what surrounds the line.
 * Further lines are indented: what begins at the edge is a line of the log, and no processor can forge one.
 */
export function formatLine(record: LogRecord, palette: Palette): string {
  const parts = [
    palette.dim(record.time === null ? NO_TIME : clock(record.time)),
    paintLevel(record.level, palette),
    ...(record.processor === null ? [] : [palette.cyan(`[${oneLine(record.processor)}]`)]),
    indented(record.message),
  ];
  const trailing: string[] = [];
  for (const [key, value] of Object.entries(record.fields)) {
    if (isSilent(key, record.fields)) continue;
    const error = asError(value);
    if (error === null) parts.push(palette.dim(oneLine(`${key}=${short(value)}`)));
    else trailing.push(error);
  }
  return [parts.join(' '), ...trailing.map((text) => `    ${indented(text)}`)].join('\n');
}

function isSilent(key: string, fields: LogRecord['fields']): boolean {
  return SILENT.has(key) || (SILENT_OF_RUNTIME.has(key) && fields.runtime !== undefined);
}

function clock(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function paintLevel(level: Level, palette: Palette): string {
  const text = level.padEnd(5);
  if (level === 'error' || level === 'fatal') return palette.red(text);
  return level === 'warn' ? palette.yellow(text) : palette.dim(text);
}

function short(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}

/** An error as pino writes it: its stack says it all. */
function asError(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const { stack, message } = value as Record<string, unknown>;
  if (typeof stack === 'string') return stack;
  return typeof message === 'string' ? message : null;
}

function readJson(text: string): Record<string, unknown> | null {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
