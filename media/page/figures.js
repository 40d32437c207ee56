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

/** Answers that count: clocks of two machines drift apart. */
const ANSWERS = 8;
/** Times are rounded on both sides: answers that differ by no more than this agree. */
const ROUNDING_MS = 0.005;

/**
 * The clock that frames are stamped with, told from answers of its owner. An answer was given between the question and its arrival,
 * so it bounds the difference of the clocks on both sides; one that the page was too busy to take at once does so only loosely, and
 * its middle may be wrong by half of its way. Every frame was made before it was shown, which is a bound as well. The truth lies
 * within all of them.
 */
export class FarClock {
  /** Each with the least and the greatest difference that it allows, in milliseconds. */
  #answers = [];

  /** `sent` and `received` by `performance.now()`, in milliseconds. */
  learn(sent, received, farNs) {
    const far = Number(farNs) / 1e6;
    this.#answers.push({ least: far - received, greatest: far - sent });
    if (this.#answers.length > ANSWERS) this.#answers.shift();
  }

  /** Milliseconds since a far timestamp, never less than 0; null as long as the clock is unknown. */
  since(timestampNs, now) {
    const newest = this.#answers.at(-1);
    if (newest === undefined) return null;
    const timestamp = Number(timestampNs) / 1e6;
    const bounds = this.#bounds();
    const made = timestamp - now;
    // A frame from the future was stamped wrongly: it says nothing about the clock.
    if (made > bounds.greatest) return 0;
    newest.least = Math.max(newest.least, made);
    return now + (Math.max(bounds.least, made) + bounds.greatest) / 2 - timestamp;
  }

  #bounds() {
    const least = Math.max(...this.#answers.map((answer) => answer.least));
    const greatest = Math.min(...this.#answers.map((answer) => answer.greatest));
    if (least <= greatest + ROUNDING_MS) return { least: Math.min(least, greatest), greatest };
    // One of the clocks was set, or ran away: the newest answer is the truth.
    return this.#answers.at(-1);
  }
}
