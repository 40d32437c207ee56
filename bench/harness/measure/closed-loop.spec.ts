import { describe, expect, it } from 'vitest';
import { closedLoop } from './closed-loop.js';
import { expectedSum } from './workload.js';

/** A transport without another process. `answer` may falsify a reply. */
function echo(bytes: number, answer: (sum: number, count: number) => number = (sum) => sum) {
  let inFlight = 0;
  let count = 0;
  const transport = {
    workers: [],
    most: 0,
    onReply: (_sum: number) => {},
    send(value: number) {
      transport.most = Math.max(transport.most, ++inFlight);
      const sum = answer(expectedSum(value, bytes), count++);
      setImmediate(() => {
        inFlight--;
        transport.onReply(sum);
      });
    },
    close: () => {},
  };
  return transport;
}

const order = { bytes: 5000, depth: 1, warmMs: 1, warmMostMs: 5, measureMs: 5, atLeast: 12 };

describe('the closed loop', () => {
  it('keeps as many frames in flight as it is told', async () => {
    for (const depth of [1, 4]) {
      const transport = echo(order.bytes);
      const result = await closedLoop(transport, { ...order, depth });
      expect(transport.most).toBe(depth);
      expect(result.messages).toBeGreaterThanOrEqual(12);
      expect(result.p50_us).toBeGreaterThan(0);
      expect(result.p99_us).toBeGreaterThanOrEqual(result.p50_us);
    }
  });

  it('measures a few messages even when the time is over with the first', async () => {
    const result = await closedLoop(echo(order.bytes), { ...order, measureMs: 0 });
    expect(result.messages).toBeGreaterThanOrEqual(12);
  });

  it('fails on a reply that is not what the work gives', async () => {
    const transport = echo(order.bytes, (sum, count) => (count === 7 ? sum + 1 : sum));
    await expect(closedLoop(transport, order)).rejects.toThrow(/came back with the sum/);
  });
});
