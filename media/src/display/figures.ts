/** The newest values of something, for their percentiles. */
export class Recent {
  private readonly values: number[] = [];
  private next = 0;

  constructor(private readonly capacity = 300) {}

  add(value: number): void {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.capacity;
  }

  /** Null as long as there is nothing to tell. */
  summary(): { readonly p50: number; readonly p99: number } | null {
    if (this.values.length === 0) return null;
    const sorted = [...this.values].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { p50: round(at(0.5)), p99: round(at(0.99)) };
  }
}

/** Events per second over the last two seconds. Time is passed in, in nanoseconds. */
export class Rate {
  private readonly times: bigint[] = [];

  mark(now: bigint): void {
    this.times.push(now);
    this.forget(now);
  }

  perSecond(now: bigint): number {
    this.forget(now);
    const [first] = this.times;
    const last = this.times.at(-1);
    if (first === undefined || last === undefined || last === first) return 0;
    return round(((this.times.length - 1) * 1e9) / Number(last - first));
  }

  private forget(now: bigint): void {
    const old = this.times.findIndex((time) => now - time <= 2_000_000_000n);
    this.times.splice(0, old < 0 ? this.times.length : old);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
