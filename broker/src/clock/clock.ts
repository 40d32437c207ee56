/** Milliseconds since the Unix epoch, as far as they are shown; they never go back and don't follow a clock that is set. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = {
  // Whole milliseconds: fractions would only look odd in what people read.
  now: () => Math.floor(performance.timeOrigin + performance.now()),
};
