import { COLOURS } from './palette.js';

/**
 * What code, a peer or a file wrote must not steer the terminal of who reads it: an escape sequence clears the screen or writes the
 * clipboard, a carriage return writes over a line, an override of the direction turns it round. Such characters are shown as they
 * would be written in code: `\x1b`. Text is made printable before it is coloured.
 */

const STEERING = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
/** Its lines stay lines; all else that would steer is shown. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(STEERING, shown);
}

/** For what has one line: a cell of a table, a name. Lines are joined by a space. */
export function oneLine(text: string): string {
  return printable(text).replace(/[\n\t]+/g, ' ');
}

/** Its further lines stand further right, so that none of them looks like a line of somebody else's. */
export function indented(text: string, indent = '    '): string {
  return printable(text).replaceAll('\n', `\n${indent}`);
}

/** The last line of defence, where text that has its colours leaves the command: for what nobody made printable before. */
export function keepingColours(text: string): string {
  let kept = '';
  let end = 0;
  for (const { 0: colour, index } of text.matchAll(COLOURS)) {
    kept += printable(text.slice(end, index)) + colour;
    end = index + colour.length;
  }
  return kept + printable(text.slice(end));
}

/** JSON as it may stand on a terminal: the same value, and JSON still. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    STEERING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shown(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
}
