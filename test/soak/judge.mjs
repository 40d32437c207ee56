// Whether what was sampled during a long run stayed flat. Pure.

/** By how much the end may lie above the beginning: a share of it, plus what is within noise. */
const LIMITS = {
  runtime_mb: { share: 0.05, plus: 4 },
  client_mb: { share: 0.05, plus: 2 },
  broker_mb: { share: 0.05, plus: 4 },
  runtime_fds: { share: 0, plus: 2 },
  client_fds: { share: 0, plus: 1 },
  broker_fds: { share: 0, plus: 2 },
  p50_ms: { share: 0.5, plus: 0 },
};

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
};

/**
 * Compares the median of the last third with that of the second sixth to the first third (the start warms up: pools grow,
 * code is compiled). A series without values is not flat: it was not measured.
 */
export function judge(samples, latencySlackMs = 5) {
  const n = samples.length;
  const series = {};
  let flat = n >= 12;
  for (const [name, { share, plus }] of Object.entries(LIMITS)) {
    const part = (from, to) =>
      samples
        .slice(Math.floor(n * from), Math.ceil(n * to))
        .map((sample) => sample[name])
        .filter((value) => typeof value === 'number');
    const early = median(part(1 / 6, 1 / 2));
    const late = median(part(2 / 3, 1));
    // Other work on the machine adds to latency for a while; a queue that builds up adds ever more.
    const slack = name === 'p50_ms' ? latencySlackMs : plus;
    const limit = early === null ? null : early * (1 + share) + slack;
    const ok = early !== null && late !== null && late <= limit;
    flat &&= ok;
    series[name] = { early, late, limit, ok };
  }
  return { flat, series };
}
