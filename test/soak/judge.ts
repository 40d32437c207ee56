// Whether what was sampled during a long run stayed flat. Pure.

export type Measure =
  | 'runtime_mb'
  | 'client_mb'
  | 'broker_mb'
  | 'frame_fds'
  | 'runtime_fds'
  | 'client_fds'
  | 'broker_fds'
  | 'p50_ms';

/** What is measured at one moment; null: there was nothing to measure. */
export type Sample = Readonly<Record<Measure, number | null>> & { readonly at_s?: number };

/** By how much the end may lie above the beginning: a share of it, plus what is within noise. */
export interface Series {
  readonly early: number | null;
  readonly late: number | null;
  readonly limit: number | null;
  readonly ok: boolean;
}

export interface Verdict {
  readonly flat: boolean;
  readonly series: Readonly<Record<string, Series>>;
}

interface Limit {
  readonly share: number;
  readonly plus: number;
  readonly shortPlus?: number;
}

const LIMITS: Readonly<Record<Measure, Limit>> = {
  runtime_mb: { share: 0.05, plus: 4 },
  client_mb: { share: 0.05, plus: 2 },
  broker_mb: { share: 0.05, plus: 4 },
  // A pool of frames grows in a jam, up to its 16 slots; what it takes of memory is in the memory.
  frame_fds: { share: 0, plus: 16 },
  // In a short run, a spare process and a broker that come and go are there at one end only.
  runtime_fds: { share: 0, plus: 2, shortPlus: 5 },
  client_fds: { share: 0, plus: 1 },
  broker_fds: { share: 0, plus: 2 },
  p50_ms: { share: 0.5, plus: 0 },
};
const MEASURES = [
  ...(['runtime_mb', 'client_mb', 'broker_mb', 'frame_fds', 'runtime_fds', 'client_fds'] as const),
  ...(['broker_fds', 'p50_ms'] as const),
];
/** Of all memory together, up or down, where the run is long enough to have a first minute that may be left out. */
const WHOLE_SHARE = 0.05;
const FIRST_MINUTE_S = 60;
const LONG_S = 5 * FIRST_MINUTE_S;

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
};

const whole = ({ runtime_mb: runtime, client_mb: client, broker_mb: broker }: Sample) =>
  runtime === null || client === null || broker === null ? null : runtime + client + broker;

/**
 * Compares the median of the last third with that of the beginning, without the start (pools grow, code is compiled): the first
 * minute; of a short run, its first sixth. A series without values is not flat: it was not measured.
 */
export function judge(samples: readonly Sample[], latencySlackMs = 5): Verdict {
  const n = samples.length;
  const long = (samples.at(-1)?.at_s ?? 0) >= LONG_S;
  const warm = long
    ? samples.filter(({ at_s: at = 0 }) => at >= FIRST_MINUTE_S)
    : samples.slice(Math.floor(n / 6));
  const early = warm.slice(0, Math.ceil(warm.length * (long ? 0.2 : 0.4)));
  const late = samples.slice(Math.floor((n * 2) / 3));
  const middle = (part: readonly Sample[], value: (sample: Sample) => number | null) =>
    median(part.map(value).filter((each) => each !== null));
  const series: Record<string, Series> = {};
  for (const name of MEASURES) {
    const { share, plus, shortPlus = plus } = LIMITS[name];
    const [before, after] = [middle(early, (sample) => sample[name]), middle(late, (sample) => sample[name])];
    // Other work on the machine adds to latency for a while; a queue that builds up adds ever more.
    const slack = name === 'p50_ms' ? latencySlackMs : long ? plus : shortPlus;
    const limit = before === null ? null : before * (1 + share) + slack;
    const ok = limit !== null && after !== null && after <= limit;
    series[name] = { early: before, late: after, limit, ok };
  }
  if (long) {
    const [before, after] = [middle(early, whole), middle(late, whole)];
    const ok = before !== null && after !== null && Math.abs(after / before - 1) <= WHOLE_SHARE;
    series.memory_mb = { early: before, late: after, limit: before && before * (1 + WHOLE_SHARE), ok };
  }
  return { flat: n >= 12 && Object.values(series).every(({ ok }) => ok), series };
}
