import { type Palette, paletteFor } from './palette.js';

/** Where a command writes. Results go to `out`, everything else (progress, hints, errors) to `err`. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
  /** Without a line's end, for what is drawn over again. */
  errRaw(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly outPalette: Palette;
  readonly errPalette: Palette;
  readonly columns: () => number;
}

export function processIo(): Io {
  const { stdout, stderr, env } = process;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    errRaw: (text) => void stderr.write(text),
    outIsTerminal: stdout.isTTY === true,
    errIsTerminal: stderr.isTTY === true,
    outPalette: paletteFor(stdout.isTTY === true, env),
    errPalette: paletteFor(stderr.isTTY === true, env),
    columns: () => (stderr.isTTY === true ? stderr.columns : 80),
  };
}
