const LONGEST_LINE = 8192;

/** Cuts a stream of text into lines; a line without an end is cut where it gets too long. */
export class LineSplitter {
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  push(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.emit(line);
    while (this.rest.length > LONGEST_LINE) {
      this.emit(this.rest.slice(0, LONGEST_LINE));
      this.rest = this.rest.slice(LONGEST_LINE);
    }
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
