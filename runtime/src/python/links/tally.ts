import type { ControlValue } from '@streamlib/host-bridge';

/** What a subprocess has counted at one place since it began. */
export interface Tally {
  readonly passed: number;
  readonly firstNs: number;
  readonly lastNs: number;
  /** Taken on and not finished: on the way, or queued. */
  readonly waiting: number;
  readonly oldestNs: number;
  /** By bucket of the histogram. */
  readonly ages: ReadonlyMap<number, number>;
  readonly dropped: Readonly<Record<string, number>>;
}

export const NO_TALLY: Tally = {
  passed: 0,
  firstNs: 0,
  lastNs: 0,
  waiting: 0,
  oldestNs: 0,
  ages: new Map(),
  dropped: {},
};

const BYTES_PER_BUCKET = 6;
/** As many as a subprocess can have a use for; it is not trusted. */
const MOST = 256;

/** Reads the tallies of a heartbeat. What is malformed counts as nothing. */
export function readTallies(value: ControlValue | undefined): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const [name, fields] of entries(value).slice(0, MOST)) {
    const {
      passed,
      first_ns: first,
      last_ns: last,
      waiting,
      oldest_ns: oldest,
      ages,
      dropped,
    } = Object.fromEntries(entries(fields));
    tallies.set(name, {
      passed: count(passed),
      firstNs: count(first),
      lastNs: count(last),
      waiting: count(waiting),
      oldestNs: count(oldest),
      ages: buckets(ages),
      dropped: Object.fromEntries(
        entries(dropped)
          .slice(0, MOST)
          .map(([reason, n]) => [reason, count(n)]),
      ),
    });
  }
  return tallies;
}

function entries(value: ControlValue | undefined): [string, ControlValue][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    return [];
  return Object.entries(value);
}

function count(value: ControlValue | undefined): number {
  const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
  return Number.isFinite(number) ? Math.max(0, number) : 0;
}

function buckets(value: ControlValue | undefined): Map<number, number> {
  const ages = new Map<number, number>();
  if (!(value instanceof Uint8Array)) return ages;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  for (let at = 0; at + BYTES_PER_BUCKET <= value.length; at += BYTES_PER_BUCKET) {
    ages.set(view.getUint16(at, true), view.getUint32(at + 2, true));
  }
  return ages;
}
