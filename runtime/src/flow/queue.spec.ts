import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryQueue } from './queue.js';
import { SendWindow } from './window.js';

describe('DeliveryQueue', () => {
  it('keeps only the newest with `latest`', () => {
    const dropped: number[] = [];
    const queue = new DeliveryQueue<number>('latest', 8, (item) => dropped.push(item));
    expect([1, 2, 3].map((item) => queue.offer(item))).toEqual([true, true, true]);
    expect(queue.take()).toBe(3);
    expect(queue.take()).toBeUndefined();
    expect(dropped).toEqual([1, 2]);
  });

  it('drops the oldest with `every_sample`', () => {
    const dropped: number[] = [];
    const queue = new DeliveryQueue<number>('every_sample', 2, (item) => dropped.push(item));
    for (const item of [1, 2, 3]) queue.offer(item);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([2, 3, undefined]);
    expect(dropped).toEqual([1]);
  });

  it('refuses with `lossless`, and drops nothing', () => {
    const queue = new DeliveryQueue<number>('lossless', 2, () => expect.unreachable());
    expect([1, 2, 3].map((item) => queue.offer(item))).toEqual([true, true, false]);
    expect(queue.full).toBe(true);
    expect(queue.take()).toBe(1);
    expect(queue.offer(3)).toBe(true);
    expect([queue.take(), queue.take()]).toEqual([2, 3]);
  });

  it('loses nothing unseen: what went in came out, was dropped, was refused or is still there', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('latest' as const, 'every_sample' as const, 'lossless' as const),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { maxLength: 200 }),
        (delivery, capacity, moves) => {
          const seen: number[] = [];
          const queue = new DeliveryQueue<number>(delivery, capacity, (item) => seen.push(item));
          const taken: number[] = [];
          let next = 0;
          for (const offer of moves) {
            if (offer) {
              if (!queue.offer(next)) seen.push(next);
              next++;
            } else {
              const item = queue.take();
              if (item !== undefined) taken.push(item);
            }
            expect(queue.size).toBeLessThanOrEqual(queue.capacity);
          }
          queue.clear((item) => seen.push(item));
          expect([...seen, ...taken].sort((a, b) => a - b)).toEqual(
            Array.from({ length: next }, (_, index) => index),
          );
          expect(taken).toEqual([...taken].sort((a, b) => a - b));
        },
      ),
    );
  });
});

describe('SendWindow', () => {
  it('is open while fewer than its size are on their way', () => {
    const window = new SendWindow(2);
    window.sent(0);
    expect(window.open).toBe(true);
    window.sent(1);
    expect(window.open).toBe(false);
    expect(window.acked(1)).toBe(true);
    expect(window.open).toBe(true);
  });

  it('is opened by an acknowledgement for all frames before it, too', () => {
    const window = new SendWindow(4);
    for (const id of [3, 4, 5, 6]) window.sent(id);
    expect(window.acked(5)).toBe(true);
    expect(window.outstanding).toBe(1);
    expect(window.acked(4)).toBe(false);
    expect(window.acked(6)).toBe(true);
    expect(window.outstanding).toBe(0);
  });

  it('is not opened by an acknowledgement of what was never sent, or twice of the same', () => {
    const window = new SendWindow(1);
    window.sent(7);
    expect(window.acked(8)).toBe(false);
    expect(window.open).toBe(false);
    expect(window.acked(7)).toBe(true);
    expect(window.acked(7)).toBe(false);
    expect(window.outstanding).toBe(0);
  });
});
