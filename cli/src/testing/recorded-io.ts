import type { Io } from '../output/io.js';
import { PLAIN } from '../output/palette.js';

/** Keeps what a command writes. */
export class RecordedIo implements Io {
  readonly outLines: string[] = [];
  readonly errLines: string[] = [];
  readonly outRedraws = false;
  readonly errRedraws = false;
  readonly outPalette = PLAIN;
  readonly errPalette = PLAIN;
  readonly readerGone = new AbortController().signal;

  out(line: string): void {
    this.outLines.push(...line.split('\n'));
  }

  err(line: string): void {
    this.errLines.push(...line.split('\n'));
  }

  outRaw(text: string): void {
    this.out(text.replace(/\n$/, ''));
  }

  errRaw(text: string): void {
    this.errLines.push(text);
  }

  columns(): number {
    return 80;
  }

  json(): unknown {
    if (this.outLines.length !== 1)
      throw new Error(`not one line of JSON, but: ${JSON.stringify(this.outLines)}`);
    return JSON.parse(this.outLines[0] ?? '');
  }
}
