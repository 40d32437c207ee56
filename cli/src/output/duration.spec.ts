import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from '../errors/cli-error.js';
import { formatDuration, parseDuration } from './duration.js';

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.9, '0s'],
    [42, '42s'],
    [60, '1m'],
    [725, '12m 5s'],
    [9_240, '2h 34m'],
    [9_299, '2h 34m'],
    [3_605, '1h'],
    [86_400 * 3 + 4 * 3_600, '3d 4h'],
    [-5, '0s'],
  ])('tells %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('parseDuration', () => {
  it.each([
    ['10s', 10_000],
    ['500ms', 500],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['90', 90_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', 'soon', '10 parsecs', '-1s', '0s', '1000h', 'Infinity', '1e3s'])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(CliError);
  });

  it('reads what it printed, whole minutes and more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 59 }), fc.constantFrom('s', 'm'), (number, unit) => {
        const text = `${number}${unit}`;
        expect(formatDuration(parseDuration(text) / 1000)).toBe(text);
      }),
    );
  });
});
