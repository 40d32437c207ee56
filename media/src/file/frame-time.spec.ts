import { describe, expect, it } from 'vitest';
import { FrameTime } from './frame-time.js';

const MS = 1_000_000n;
const times = (frames: readonly (readonly [number, number | null])[]) => {
  const time = new FrameTime();
  return frames.map(([clock, media]) =>
    Number(time.of(BigInt(clock) * MS, media === null ? null : BigInt(media) * MS) / MS),
  );
};

describe('FrameTime', () => {
  it('is that of the source, however late its frames are', () => {
    expect(
      times([
        [1000, 40],
        [1900, 80],
        [2000, 120],
        [9000, 160],
      ]),
    ).toEqual([0, 40, 80, 120]);
  });

  it('is that of the clock where there is no other', () => {
    expect(
      times([
        [1000, null],
        [1040, null],
        [1100, null],
      ]),
    ).toEqual([0, 40, 100]);
  });

  it('leaves frames out of order to the timeline', () => {
    expect(
      times([
        [0, 0],
        [40, 80],
        [80, 40],
      ]),
    ).toEqual([0, 80, 40]);
  });

  it('goes on by the clock where a source begins again, or another one takes its place', () => {
    expect(
      times([
        [0, 5000],
        [40, 5040],
        [90, 0],
        [130, 40],
      ]),
    ).toEqual([0, 40, 90, 130]);
    expect(
      times([
        [0, 0],
        [40, null],
        [90, null],
        [130, 7000],
        [170, 7040],
      ]),
    ).toEqual([0, 40, 90, 130, 170]);
  });
});
