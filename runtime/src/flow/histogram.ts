/** Eight steps for each doubling: a value is told to within 9 %. */
const STEPS_PER_DOUBLING = 8;
const BUCKETS = 40 * STEPS_PER_DOUBLING;

/** How durations are distributed, in milliseconds. */
export interface LatencySummary {
  /** How many were measured. */
  readonly count: number;
  /** Half of them were at most that, in ms. */
  readonly p50: number;
  /** Of ten, nine were at most that, in ms. */
  readonly p90: number;
  /** Of twenty, nineteen were at most that, in ms. */
  readonly p95: number;
  /** Of a hundred, 99 were at most that, in ms. */
  readonly p99: number;
  /** The longest, in ms. */
  readonly max: number;
}

/** What each summary was made from: who wants more than it says asks for that, and nobody else pays for it. */
const sources = new WeakMap<LatencySummary, Histogram>();

export function histogramOf(summary: LatencySummary | null): Histogram | null {
  return summary === null ? null : (sources.get(summary) ?? null);
}

/** Counts durations in logarithmic buckets from 1 µs up: fixed memory, nothing allocated per value. */
export class Histogram {
  private readonly buckets = new Uint32Array(BUCKETS);
  private total = 0;
  private maxNs = 0;
  private sum = 0;

  record(nanoseconds: number): void {
    const ns = Math.max(nanoseconds, 0);
    const index =
      ns <= 1000 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ns / 1000) * STEPS_PER_DOUBLING) + 1);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.total++;
    this.sum += ns;
    if (ns > this.maxNs) this.maxNs = ns;
  }

  /** Adds what was counted elsewhere, in the same buckets. */
  add(bucket: number, count: number, maxNs: number): void {
    if (bucket < 0 || bucket >= BUCKETS || count <= 0) return;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + count;
    this.total += count;
    this.sum += count * edgeNs(bucket);
    if (maxNs > this.maxNs) this.maxNs = maxNs;
  }

  /** All that several have counted; of one, that one itself. */
  static over(histograms: readonly Histogram[]): Histogram {
    const [only, ...others] = histograms;
    if (only !== undefined && others.length === 0) return only;
    const all = new Histogram();
    for (const each of histograms) all.merge(each);
    return all;
  }

  merge(other: Histogram): void {
    for (let i = 0; i < BUCKETS; i++) this.buckets[i] = (this.buckets[i] ?? 0) + (other.buckets[i] ?? 0);
    this.total += other.total;
    this.sum += other.sum;
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  /** In milliseconds. Null when nothing was recorded. */
  summary(): LatencySummary | null {
    if (this.total === 0) return null;
    const summary = {
      count: this.total,
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p95: this.percentile(0.95),
      p99: this.percentile(0.99),
      max: round(this.maxNs / 1e6),
    };
    sources.set(summary, this);
    return summary;
  }

  get count(): number {
    return this.total;
  }

  /** Of all values. What was added in buckets counts by its bucket's upper edge. */
  get sumNs(): number {
    return this.sum;
  }

  /** How many values were at most that, give or take the width of a bucket. */
  countUpTo(nanoseconds: number): number {
    let seen = 0;
    for (let i = 0; i < BUCKETS && edgeNs(i) <= nanoseconds; i++) seen += this.buckets[i] ?? 0;
    return seen;
  }

  private percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.buckets[i] ?? 0;
      // The bucket's upper edge: a percentile is never told better than it was.
      if (seen >= rank) return round(Math.min(this.maxNs, edgeNs(i)) / 1e6);
    }
    return round(this.maxNs / 1e6);
  }
}

function edgeNs(bucket: number): number {
  return 1000 * 2 ** (bucket / STEPS_PER_DOUBLING);
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
