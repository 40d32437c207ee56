const LONGEST_LINE = 8192;

/** Cuts a stream of text into lines; a line without an end is cut where it gets too long. */
export class LineSplitter {
  private rest = '';
  /** What a terminal would show of the line that is not at its end: a progress bar writes it over and over. */
  private drawn: string | null = null;

  constructor(private readonly onLine: (line: string) => void) {}

  push(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (lines.length > 0) this.drawn = null;
    for (const line of lines) this.emit(overwritten(line));
    if (this.rest.includes('\r')) {
      // What was written over is not seen any more. A last "\r" may be half of the line's end.
      const kept = overwritten(this.rest);
      this.rest = this.rest.endsWith('\r') ? `${kept}\r` : kept;
      this.drawn = kept;
    } else if (this.drawn !== null) this.drawn = this.rest;
    while (this.rest.length > LONGEST_LINE) {
      this.emit(this.rest.slice(0, LONGEST_LINE));
      this.rest = this.rest.slice(LONGEST_LINE);
    }
  }

  /** Whether a line is being written over, and what it shows was not given out yet. */
  get overwrites(): boolean {
    return this.drawn !== null && this.drawn.trim() !== '';
  }

  /** Gives out the state of a line that is written over, before its end. */
  show(): void {
    if (this.drawn === null || this.drawn.trim() === '') return;
    const text = this.drawn;
    this.drawn = null;
    this.emit(text);
  }

  end(): void {
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }

  private emit(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    for (let at = 0; at === 0 || at < text.length; at += LONGEST_LINE)
      this.onLine(text.slice(at, at + LONGEST_LINE));
  }
}

/** What a terminal shows at last of a line with "\r" in it. */
function overwritten(line: string): string {
  const parts = line.split('\r');
  return parts.findLast((part) => part.trim() !== '') ?? parts.at(-1) ?? '';
}

/** A token bucket: `burst` at once, `perSecond` in the long run. Pure: `now` in milliseconds is passed in. */
export class RateLimiter {
  private tokens: number;
  private last = 0;
  private refused = 0;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
  }

  allow(now: number): boolean {
    if (this.last !== 0)
      this.tokens = Math.min(this.burst, this.tokens + ((now - this.last) / 1000) * this.perSecond);
    this.last = now;
    if (this.tokens >= 1) {
      this.tokens--;
      return true;
    }
    this.refused++;
    return false;
  }

  /** How many were refused since the last call. */
  takeRefused(): number {
    const refused = this.refused;
    this.refused = 0;
    return refused;
  }
}
