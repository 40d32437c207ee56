import { describe, expect, it } from 'vitest';
import { TICKS_PER_SECOND, Timeline } from './timeline.js';

const MS = 1_000_000n;

describe('Timeline', () => {
  it('begins at 0 and keeps the frames’ distances', () => {
    const timeline = new Timeline();
    const at = [5_000n, 5_040n, 5_100n, 6_000n].map((ms) => timeline.place(ms * MS));
    expect(at).toEqual([0n, 3600n, 9000n, BigInt(TICKS_PER_SECOND)]);
  });

  it('does not drift over a day', () => {
    const timeline = new Timeline();
    timeline.place(0n);
    expect(timeline.place(86_400n * 1000n * MS)).toBe(86_400n * BigInt(TICKS_PER_SECOND));
  });

  it('always goes forward, whatever the timestamps do', () => {
    const timeline = new Timeline();
    const at = [10n, 10n, 5n, 0n, 50n].map((ms) => Number(timeline.place(ms * MS)));
    expect(at).toEqual([0, 90, 180, 270, 3600]);
    expect(timeline.disordered).toBe(3);
  });

  it('leaves out what is too much', () => {
    const timeline = new Timeline(10);
    const at = Array.from({ length: 31 }, (_, n) => timeline.place((BigInt(n) * 1000n * MS) / 30n));
    expect(at.filter((place) => place !== null)).toEqual(
      Array.from({ length: 11 }, (_, n) => BigInt(n) * 9000n).map((ticks) =>
        expect.toSatisfy((is: bigint) => is === ticks || is === ticks - 1n),
      ),
    );
  });
});
