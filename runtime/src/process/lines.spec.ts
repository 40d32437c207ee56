import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, RateLimiter } from './lines.js';

describe('LineSplitter', () => {
  it('gives the same lines however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,20}$/)), fc.nat(7), (lines, step) => {
        const text = lines.map((line) => `${line}\n`).join('');
        const got: string[] = [];
        const splitter = new LineSplitter((line) => got.push(line));
        for (let at = 0; at < text.length; at += step + 1) splitter.push(text.slice(at, at + step + 1));
        splitter.end();
        expect(got).toEqual(lines);
      }),
    );
  });

  it('does not let a line without an end grow for ever', () => {
    const got: string[] = [];
    const splitter = new LineSplitter((line) => got.push(line));
    for (let i = 0; i < 10; i++) splitter.push('x'.repeat(3000));
    splitter.push('last');
    splitter.end();
    expect(Math.max(...got.map((line) => line.length))).toBeLessThanOrEqual(8192);
    expect(got.join('')).toHaveLength(30_004);
  });
});

describe('RateLimiter', () => {
  it('allows a burst, then the rate, and counts the rest', () => {
    const limiter = new RateLimiter(10, 5);
    const allowed = (now: number, tries: number) =>
      Array.from({ length: tries }, () => limiter.allow(now)).filter(Boolean).length;
    expect(allowed(1000, 8)).toBe(5);
    expect(limiter.takeRefused()).toBe(3);
    expect(allowed(1200, 8)).toBe(2);
    expect(limiter.takeRefused()).toBe(6);
    expect(allowed(60_000, 100)).toBe(5);
  });
});

describe('a line that is written over', () => {
  it('shows its newest state before its end, and ends as a terminal shows it', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    splitter.push('\r 1%|#');
    expect(splitter.overwrites).toBe(true);
    splitter.show();
    expect(splitter.overwrites).toBe(false);
    splitter.push('\r 2%|##\r 3%|###');
    splitter.push('#');
    splitter.show();
    splitter.push('\r100%|####\r');
    splitter.push('\nnext\r\n');
    expect(lines).toEqual([' 1%|#', ' 3%|####', '100%|####', 'next']);
    splitter.push('\r      \r');
    expect(splitter.overwrites).toBe(false);
  });

  it('takes no more memory the longer it is written over', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (let n = 0; n < 10_000; n++) splitter.push(`\r${n} of 10000`);
    splitter.end();
    expect(lines).toEqual(['9999 of 10000']);
  });
});
