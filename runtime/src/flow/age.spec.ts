import { monotonicNs } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { ageNs } from './age.js';

describe('the age of a frame', () => {
  it('agrees with the clock that timestamps are taken from', () => {
    const before = monotonicNs();
    const nowMs = performance.now();
    const after = monotonicNs();
    // The clock was read between the two, give or take what the comparison of the clocks may be off.
    expect(ageNs(before, nowMs)).toBeGreaterThan(-20_000);
    expect(ageNs(after, nowMs)).toBeLessThan(20_000);
  });

  it('counts in nanoseconds', () => {
    const nowMs = performance.now();
    expect(ageNs(5n, nowMs) - ageNs(1_000_005n, nowMs)).toBeCloseTo(1e6, -1);
  });
});
