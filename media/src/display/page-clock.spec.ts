import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FarClock } from '../../page/figures.js';

const ns = (ms: number) => BigInt(Math.round(ms * 1e6));

describe('S7: the latency that the page shows', () => {
  it('is not below zero after an answer that the page was too busy to take', () => {
    const clock = new FarClock();
    // The clocks are the same. The answer came back at once, and was taken 100 ms later.
    clock.learn(0, 100, ns(0.5));
    expect(clock.since(ns(108), 110)).toBeGreaterThanOrEqual(0);
    expect(clock.since(ns(118), 120)).toBeLessThan(60);
    // A better answer corrects it.
    clock.learn(130, 131, ns(130.5));
    expect(clock.since(ns(138), 140)).toBeCloseTo(2, 0);
  });

  it('is as good as the best answers say, and never below zero', () => {
    const trip = fc.record({
      out: fc.double({ min: 0, max: 80, noNaN: true }),
      back: fc.double({ min: 0, max: 80, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.array(trip, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        (difference, trips, age) => {
          const clock = new FarClock();
          let now = 1000;
          for (const { out, back } of trips) {
            clock.learn(now, now + out + back, ns(now + out + difference));
            now += out + back + 10;
          }
          const shown = clock.since(ns(now - age + difference), now);
          const best = Math.min(...trips.slice(-8).map(({ out, back }) => out + back));
          expect(shown).toBeGreaterThanOrEqual(0);
          expect(Math.abs((shown ?? 0) - age)).toBeLessThanOrEqual(best / 2 + 0.01 + 1e-6);
        },
      ),
    );
  });

  it('is zero for a frame that was stamped in the future, which changes nothing for others', () => {
    const clock = new FarClock();
    clock.learn(0, 1, ns(0.5));
    expect(clock.since(ns(5_000), 10)).toBe(0);
    expect(clock.since(ns(8), 10)).toBeCloseTo(2, 0);
  });

  it('is unknown until the clock has answered', () => {
    expect(new FarClock().since(1n, 1)).toBeNull();
  });
});
