/** Where the passing of time comes from, so that a test can make it pass. */
export interface Timers {
  /** Gives the function that ends it. */
  every(ms: number, act: () => void): () => void;
}

export const systemTimers: Timers = {
  every(ms, act) {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
};
