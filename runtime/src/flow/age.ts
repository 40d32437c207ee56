import { monotonicNs } from '@streamlib/host-bridge';

/** `performance.now()` counts the same clock as timestamps do, from another origin: this many nanoseconds later. */
let originNs = Number.NaN;

/**
 * How old a frame is, in nanoseconds. `nowMs` is of `performance.now()`: asking for the time as a bigint, as timestamps are,
 * would make several objects for each frame.
 */
export function ageNs(timestampNs: bigint, nowMs: number): number {
  if (Number.isNaN(originNs)) originNs = measureOrigin();
  return originNs + nowMs * 1e6 - Number(timestampNs);
}

/** Of several tries the one that was interrupted least. */
function measureOrigin(): number {
  let best = { tookMs: Number.POSITIVE_INFINITY, originNs: 0 };
  for (let i = 0; i < 8; i++) {
    const before = performance.now();
    const ns = Number(monotonicNs());
    const after = performance.now();
    if (after - before < best.tookMs) {
      best = { tookMs: after - before, originNs: ns - ((before + after) / 2) * 1e6 };
    }
  }
  return best.originNs;
}
