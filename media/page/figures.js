/** The newest values of something. */
export class Recent {
  values = [];

  constructor(capacity) {
    this.capacity = capacity;
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > this.capacity) this.values.shift();
  }

  percentile(share) {
    if (this.values.length === 0) return null;
    const sorted = [...this.values].sort((a, b) => a - b);
    return sorted[Math.ceil(share * sorted.length) - 1];
  }
}

/** Frames per second, over the last two seconds. */
export class Rate {
  times = [];

  mark(now) {
    this.times.push(now);
  }

  perSecond(now) {
    while (this.times.length > 0 && now - this.times[0] > 2000) this.times.shift();
    if (this.times.length < 2) return 0;
    return ((this.times.length - 1) * 1000) / (this.times.at(-1) - this.times[0]);
  }
}

/**
 * The clock that frames are stamped with, told from answers of its owner. The answer that took the shortest way is the truest:
 * half of its way is the most that it can be wrong by.
 */
export class FarClock {
  samples = new Recent8();

  /** `sent` and `received` by `performance.now()`, in milliseconds. */
  learn(sent, received, farNs) {
    const offset = Number(farNs) / 1e6 - (sent + received) / 2;
    this.samples.add({ trip: received - sent, offset });
  }

  /** Milliseconds since a far timestamp; null as long as the clock is unknown. */
  since(timestampNs, now) {
    const best = this.samples.best();
    return best === null ? null : now + best.offset - Number(timestampNs) / 1e6;
  }
}

class Recent8 {
  items = [];

  add(sample) {
    this.items.push(sample);
    if (this.items.length > 8) this.items.shift();
  }

  best() {
    let best = null;
    for (const item of this.items) if (best === null || item.trip < best.trip) best = item;
    return best;
  }
}
