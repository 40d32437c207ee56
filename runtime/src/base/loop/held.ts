import type { Activity } from './loop.js';
import type { Tick } from './tick.js';

/** Less is not worth a line. */
export const HELD_MS = 1000;
/** A process that computes uses a good part of one core; one that is stopped, next to nothing. */
const IDLE = 0.1;

/** What to say of a loop that was held, and by whom as far as that is known; null when it was not. */
export function describeHold({ lateMs, cpuMs }: Tick, { inCalls, sent }: Activity): string | null {
  if (lateMs < HELD_MS) return null;
  const held = `the event loop was held for ${(lateMs / 1000).toFixed(1)} s; no timer, signal or connection was served meanwhile`;
  const [caller, ms] = most(inCalls);
  if (ms > lateMs / 2)
    return `${held}: "${caller}" computed or waited in its code for ${(ms / 1000).toFixed(1)} s of it; do such work in slices, or in a worker thread`;
  if (cpuMs < lateMs * IDLE)
    return `${held}: the process used hardly any processor time, so it was stopped, or waited in a blocking call`;
  const [sender, frames] = most(sent);
  if (frames > 0)
    return `${held}: "${sender}" sent ${frames} ${frames === 1 ? 'frame' : 'frames'} in that time; its loop should wait for something now and then`;
  return `${held}: not by a call of a node; look for loops in this program that never wait`;
}

function most(sums: ReadonlyMap<string, number>): [string, number] {
  let best: [string, number] = ['', 0];
  for (const entry of sums) if (entry[1] > best[1]) best = entry;
  return best;
}
