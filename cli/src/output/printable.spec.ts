import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLOURED, COLOURS } from './palette.js';
import { indented, keepingColours, oneLine, printable, printableJson } from './printable.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be left
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('text that code from outside wrote', () => {
  it.each([
    ['clears the screen', '\x1b[2J\x1b[H', '\\x1b[2J\\x1b[H'],
    ['writes the clipboard', '\x1b]52;c;aGk=\x07', '\\x1b]52;c;aGk=\\x07'],
    ['writes over its line', 'bad\rgood', 'bad\\x0dgood'],
    ['goes back', 'bad\b\b\bgood\x7f', 'bad\\x08\\x08\\x08good\\x7f'],
    ['begins a sequence with one byte', '\x9b2J', '\\x9b2J'],
    ['turns the direction round', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['is of Windows', 'one\r\ntwo', 'one\ntwo'],
    ['is like any other', 'ünï → 日本\t👩‍👧\nnext', 'ünï → 日本\t👩‍👧\nnext'],
  ])('and that %s is shown', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('steers nothing, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(STEERING);
        expect(keepingColours(text).replace(COLOURS, '')).not.toMatch(STEERING);
        expect(oneLine(text)).not.toMatch(/[\n\t]/);
        expect(printableJson([text])).not.toMatch(STEERING);
        expect(JSON.parse(printableJson([text]))).toEqual([text]);
      }),
    );
  });

  it('cannot begin a line at the edge', () => {
    expect(indented('one\n14:03:12.345 error forged')).toBe('one\n    14:03:12.345 error forged');
  });

  it('leaves the colours of the command', () => {
    expect(keepingColours(`${COLOURED.red('a\x1b[8mb')} \x1b]0;c\x07`)).toBe(
      `${COLOURED.red('a\\x1b[8mb')} \\x1b]0;c\\x07`,
    );
  });
});
