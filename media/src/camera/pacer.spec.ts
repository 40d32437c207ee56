import { describe, expect, it } from 'vitest';
import { MAX_BEHIND_NS, Pacer } from './pacer.js';

const MS = 1_000_000n;

describe('Pacer', () => {
  it('shows the first frame at once and the others as far apart as they are in the source', () => {
    const pacer = new Pacer();
    expect(pacer.due(500n * MS, 10_000n * MS)).toBe(10_000n * MS);
    expect(pacer.due(540n * MS, 10_001n * MS)).toBe(10_040n * MS);
    expect(pacer.due(580n * MS, 10_041n * MS)).toBe(10_080n * MS);
  });

  it('does not drift: lateness of one frame does not move the next', () => {
    const pacer = new Pacer();
    let now = 0n;
    for (let n = 0n; n < 1000n; n++) {
      const due = pacer.due(n * 33n * MS, now);
      expect(due).toBe(n * 33n * MS);
      now = due + 3n * MS;
    }
  });

  it('lets a late frame go at once', () => {
    const pacer = new Pacer();
    pacer.due(0n, 0n);
    expect(pacer.due(40n * MS, 100n * MS)).toBeLessThan(100n * MS);
  });

  it('begins anew when it is far behind, and does not race after the lost time', () => {
    const pacer = new Pacer();
    pacer.due(0n, 0n);
    const now = 40n * MS + MAX_BEHIND_NS + 1n;
    expect(pacer.due(40n * MS, now)).toBe(now);
    expect(pacer.due(80n * MS, now)).toBe(now + 40n * MS);
  });
});
