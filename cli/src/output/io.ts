import { type Palette, paletteFor, understandsEscapes } from './palette.js';
import { keepingColours } from './printable.js';

/** Where a command writes. Results go to `out`, everything else (progress, hints, errors) to `err`. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
  /** As it is and without a line's end: JSON, and what is drawn over again. */
  outRaw(text: string): void;
  errRaw(text: string): void;
  /** Whether it is a terminal on which lines can be drawn over again. */
  readonly outRedraws: boolean;
  readonly errRedraws: boolean;
  readonly outPalette: Palette;
  readonly errPalette: Palette;
  readonly columns: () => number;
  /** Aborted once nobody can read `out` any more. */
  readonly readerGone: AbortSignal;
}

export function processIo(readerGone: AbortSignal): Io {
  const { stdout, stderr, env } = process;
  return {
    out: (line) => void stdout.write(`${keepingColours(line)}\n`),
    err: (line) => void stderr.write(`${keepingColours(line)}\n`),
    outRaw: (text) => void stdout.write(text),
    errRaw: (text) => void stderr.write(text),
    outRedraws: understandsEscapes(stdout.isTTY === true, env),
    errRedraws: understandsEscapes(stderr.isTTY === true, env),
    outPalette: paletteFor(stdout.isTTY === true, env),
    errPalette: paletteFor(stderr.isTTY === true, env),
    // A terminal that was never told its size says 0.
    columns: () => (stderr.isTTY === true && stderr.columns > 0 ? stderr.columns : 80),
    readerGone,
  };
}
