import { describe, expect, it } from 'vitest';
import { describeHold } from './held.js';
import { Loop } from './loop.js';

const none = new Map<string, number>();
const spin = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('a held event loop', () => {
  it.each([
    ['not held', 999, 999, none, none, null],
    ['a call', 2000, 2000, new Map([['blur', 1900]]), none, /held for 2\.0 s.*"blur" computed or waited/],
    ['a blocking call', 2000, 0, new Map([['disk', 1900]]), none, /"disk" computed or waited/],
    ['a process that was stopped', 15_000, 20, none, none, /15\.0 s.*stopped/],
    ['a loop of a source', 3000, 3000, none, new Map([['fast', 312]]), /"fast" sent 312 frames/],
    [
      'the one that did most',
      3000,
      3000,
      new Map([['a', 10]]),
      new Map([
        ['b', 1],
        ['c', 2],
      ]),
      /"c" sent 2 frames/,
    ],
    ['nobody known', 3000, 3000, none, none, /not by a call of a node/],
  ] as const)('by %s', (_, lateMs, cpuMs, inCalls, sent, message) => {
    const described = describeHold({ lateMs, cpuMs }, { inCalls, sent });
    if (message === null) expect(described).toBeNull();
    else expect(described).toMatch(message);
  });

  it('is noticed, with the node that held it', async () => {
    const loop = new Loop();
    const told = new Promise<string>((resolve) => {
      const end = loop.watch((tick, activity) => {
        const held = describeHold(tick, activity);
        if (held === null) return;
        end();
        resolve(held);
      });
    });
    loop.call('slow', () => spin(1400));
    // The watch keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    expect(await told).toMatch(/the event loop was held for 1\.\d s.*"slow"/);
    clearInterval(alive);
  });

  it('is due for others after 5 ms of one turn, not before', async () => {
    let now = 0;
    const loop = new Loop(() => now);
    expect(loop.isDue()).toBe(false);
    now = 5;
    expect(loop.isDue()).toBe(false);
    now = 6;
    expect(loop.isDue()).toBe(true);
    await loop.nextTurn();
    expect(loop.isDue()).toBe(false);
  });
});
