import { describe, expect, it } from 'vitest';
import { Rate, Recent } from './figures.js';

describe('Recent', () => {
  it('has nothing to tell of nothing', () => {
    expect(new Recent().summary()).toBeNull();
  });

  it('tells percentiles of the newest values only', () => {
    const recent = new Recent(100);
    for (let i = 0; i < 50; i++) recent.add(1_000_000);
    for (let i = 1; i <= 100; i++) recent.add(i);
    expect(recent.summary()).toEqual({ p50: 50, p99: 99 });
  });
});

describe('Rate', () => {
  const MS = 1_000_000n;

  it('counts what happens in a second', () => {
    const rate = new Rate();
    for (let n = 0n; n < 100n; n++) rate.mark(n * 40n * MS);
    expect(rate.perSecond(99n * 40n * MS)).toBe(25);
  });

  it('forgets what is long ago', () => {
    const rate = new Rate();
    for (let n = 0n; n < 10n; n++) rate.mark(n * MS);
    expect(rate.perSecond(5_000n * MS)).toBe(0);
  });
});
