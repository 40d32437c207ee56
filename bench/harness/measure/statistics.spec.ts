import { describe, expect, it } from 'vitest';
import { median, quantile, round } from './statistics.js';

describe('statistics', () => {
  it('takes quantiles of unsorted values and leaves them as they were', () => {
    const values = [5, 1, 4, 2, 3];
    expect(quantile(values, 0.5)).toBe(3);
    expect(quantile(values, 0)).toBe(1);
    expect(quantile(values, 1)).toBe(5);
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });

  it('takes the p99 of a hundred values as the largest', () => {
    expect(
      quantile(
        Array.from({ length: 100 }, (_, i) => i),
        0.99,
      ),
    ).toBe(99);
  });

  it('takes the median between two values where their count is even', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('makes no figure of nothing', () => {
    expect(quantile([], 0.5)).toBeNaN();
    expect(median([])).toBeNaN();
  });

  it('rounds to a number of digits', () => {
    expect(round(1.26)).toBe(1.3);
    expect(round(0.00126, 4)).toBe(0.0013);
  });
});
