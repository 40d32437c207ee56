import { CliError } from '../errors/cli-error.js';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units: `2h 34m`, `12m 5s`, `42s`. */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0s';
  const parts: string[] = [];
  for (const [name, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.join(' ');
}

const FACTORS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Longer ones overflow the timer of Node, which would then fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `500ms`, `10s`, `2m`, `1.5h`; a number alone is seconds. In milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const factor = FACTORS[unit];
  if (digits === undefined || factor === undefined)
    throw new CliError('usage', `"${text}" is not a duration; write 10s, 500ms, 2m or 1h`);
  const milliseconds = Number(digits) * factor;
  if (milliseconds <= 0 || milliseconds > LONGEST_MS)
    throw new CliError('usage', `the duration ${text} is out of range: more than 0, at most 24 days`);
  return milliseconds;
}
