import { monotonicNs } from '@streamlib/host-bridge';
import type { Clock } from './pacer.js';

/** Node's timers count whole milliseconds and fire up to one late: the last bit is given to other work instead. */
const TIMER_SLACK_NS = 1_000_000n;

export const machineClock: Clock = {
  now: monotonicNs,
  async until(time, signal) {
    const wait = time - monotonicNs();
    if (wait <= TIMER_SLACK_NS / 2n || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, Number(wait - TIMER_SLACK_NS / 2n) / 1e6));
      signal.addEventListener('abort', done);
    });
  },
};
