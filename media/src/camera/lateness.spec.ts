import { describe, expect, it } from 'vitest';
import { Lateness } from './lateness.js';

const MS = 1_000_000n;

/** Plays `count` pictures of `intervalMs`, each of which costs `costMs` unless it is left out; returns those that were sent. */
function play(count: number, intervalMs: number, costMs: number, waitedMs = 0): number[] {
  const lateness = new Lateness();
  let now = 0n;
  const sent: number[] = [];
  for (let n = 0; n < count; n++) {
    const due = BigInt(n * intervalMs) * MS;
    if (lateness.isTooLate(due, now)) continue;
    now += BigInt(costMs) * MS;
    if (now < due) now = due;
    now += BigInt(waitedMs) * MS;
    lateness.sent(now, BigInt(waitedMs) * MS);
    sent.push(n);
  }
  return sent;
}

describe('Lateness', () => {
  it('leaves nothing out of a source that keeps its rate', () => {
    expect(play(100, 10, 9).length).toBe(100);
  });

  it('leaves out what a source is too slow for, and stays near its time', () => {
    const sent = play(1000, 4, 8);
    expect(sent.length).toBeGreaterThan(400);
    expect(sent.length).toBeLessThan(600);
    // From its first gap on it is never far behind.
    const late = sent.map((n, i) => i * 8 - n * 4);
    expect(Math.max(...late)).toBeLessThan(250);
  });

  it('shows ten a second of a source however slow it is', () => {
    expect(play(100, 1, 150).length).toBeGreaterThanOrEqual(1);
    const lateness = new Lateness();
    lateness.sent(0n, 0n);
    expect(lateness.isTooLate(0n, 90n * MS)).toBe(false);
    expect(lateness.isTooLate(-900n * MS, 90n * MS)).toBe(true);
    expect(lateness.isTooLate(-900n * MS, 110n * MS)).toBe(false);
  });

  it('leaves nothing out where readers hold it up', () => {
    expect(play(200, 10, 1, 40).length).toBe(200);
  });
});
