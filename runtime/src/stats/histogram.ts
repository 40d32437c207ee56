/** Eight steps for each doubling: a value is told to within 9 %. */
const STEPS_PER_DOUBLING = 8;
const BUCKETS = 40 * STEPS_PER_DOUBLING;

export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts durations in logarithmic buckets from 1 µs up: fixed memory, nothing allocated per value. */
export class Histogram {
  private readonly buckets = new Uint32Array(BUCKETS);
  private total = 0;
  private maxNs = 0;

  record(nanoseconds: number): void {
    const ns = Math.max(nanoseconds, 0);
    const index =
      ns <= 1000 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ns / 1000) * STEPS_PER_DOUBLING) + 1);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.total++;
    if (ns > this.maxNs) this.maxNs = ns;
  }

  /** Adds what was counted elsewhere, in the same buckets. */
  add(bucket: number, count: number, maxNs: number): void {
    if (bucket < 0 || bucket >= BUCKETS || count <= 0) return;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + count;
    this.total += count;
    if (maxNs > this.maxNs) this.maxNs = maxNs;
  }

  merge(other: Histogram): void {
    for (let i = 0; i < BUCKETS; i++) this.buckets[i] = (this.buckets[i] ?? 0) + (other.buckets[i] ?? 0);
    this.total += other.total;
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  /** In milliseconds. Null when nothing was recorded. */
  summary(): LatencySummary | null {
    if (this.total === 0) return null;
    return {
      count: this.total,
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      max: round(this.maxNs / 1e6),
    };
  }

  private percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.buckets[i] ?? 0;
      // The bucket's upper edge: a percentile is never told better than it was.
      if (seen >= rank) return round(Math.min(this.maxNs, 1000 * 2 ** (i / STEPS_PER_DOUBLING)) / 1e6);
    }
    return round(this.maxNs / 1e6);
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
