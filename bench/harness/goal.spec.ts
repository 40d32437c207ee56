import { describe, expect, it } from 'vitest';
import { cell, result } from '../testing/samples.js';
import { figuresOf } from './figures.js';
import { cpuRatio, goalOf } from './goal.js';
import type { Cell } from './types.js';

const figures = (...cells: Cell[]) => cells.map(figuresOf).filter((one) => one !== null);
const at = (peer: string, us: number, bytes: number = 1024) =>
  cell(peer, { bytes, repeats: [result({ p50_us: us, p99_us: 2 * us })] });
const paced = (peer: string, us: number) =>
  cell(peer, {
    pattern: 'paced',
    bytes: 6_220_800,
    repeats: [{ ...result(), cpu_us_per_frame: us, cpu_split_us: { host: us }, late: 0 }],
  });

describe('figures', () => {
  it('are medians over the repeats, never the best of them', () => {
    const repeats = [30, 10, 20].map((us) => result({ p50_us: us, p99_us: us * 3 }));
    expect(figuresOf(cell('floor', { repeats }))).toMatchObject({
      p50_us: 20,
      p99_us: 60,
      repeats: 3,
      spread: 1,
    });
  });

  it('tell where the two processes ran', () => {
    const placed = (together: number) =>
      figuresOf(
        cell('floor', { repeats: [result({ placement: { samples: 9, together, host: [0], worker: [1] } })] }),
      );
    expect(placed(1)?.placement).toBe('one core');
    expect(placed(0)?.placement).toBe('two cores');
    expect(placed(0.5)?.placement).toBe('mixed');
  });

  it('are none where nothing was measured', () => {
    expect(figuresOf(cell('floor', { repeats: [], error: 'it ended' }))).toBeNull();
  });
});

describe('the goal', () => {
  it('is met at one and a half times the floor and ten microseconds, and missed above', () => {
    const met = (us: number) => goalOf(figures(at('floor', 10), at('product', us)), [1024])[0]?.met;
    expect(met(25)).toBe(true);
    expect(met(25.1)).toBe(false);
  });

  it('asks for a short tail and for no page faults', () => {
    const product = cell('product', {
      repeats: [result({ p50_us: 20, p99_us: 81, faults_per_message: 0.5 })],
    });
    const missed = goalOf(figures(at('floor', 10), product), [1024]).filter(({ met }) => !met);
    expect(missed.map(({ what }) => what)).toEqual(['p99 at 1024 B', 'page faults a message at 1024 B']);
  });

  it('asks to be ahead of iceoryx2 where frames are large, and only there', () => {
    const large = 6_220_800;
    const all = figures(
      at('floor', 50, large),
      at('product', 72, large),
      at('iceoryx2', 71, large),
      at('floor', 10),
      at('product', 24),
      at('iceoryx2', 20),
    );
    const ahead = goalOf(all, [1024, large]).filter(({ goal }) => goal === 'ahead of iceoryx2');
    expect(ahead).toMatchObject([{ met: false, value: 72, limit: 71 }]);
  });

  it('compares the CPU time of both', () => {
    const all = figures(paced('floor', 160), paced('product', 200));
    expect(cpuRatio(all)).toBe(1.25);
    expect(goalOf(all, [])).toMatchObject([{ met: true, value: 1.25 }]);
    expect(cpuRatio(figures(paced('floor', 160)))).toBeNull();
  });
});
