import { isLogLevel, type LogLevel } from './levels.js';

export interface LogLine {
  readonly sequence: number;
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  /** The line's further fields as a JSON object; empty: none. */
  readonly fieldsJson: string;
}

/** The newest lines of the log, and whoever follows it. */
export class LogRing {
  private readonly lines: LogLine[] = [];
  private readonly followers = new Set<() => void>();
  private sequence = 0;

  constructor(private readonly capacity = 10_000) {}

  /** Takes one line as pino writes it. */
  write(json: string): void {
    const line = parseLine(json, ++this.sequence);
    this.lines.push(line);
    // In one go now and then: shifting an array of this size with every line would cost more than the line.
    if (this.lines.length > this.capacity * 1.25) this.lines.splice(0, this.lines.length - this.capacity);
    for (const follower of this.followers) follower();
  }

  /** Oldest first. */
  past(): readonly LogLine[] {
    return this.lines.slice(-this.capacity);
  }

  /** The sequence of the newest line; 0: there is none yet. */
  get lastSequence(): number {
    return this.sequence;
  }

  /** Null where the line is gone already, or has not come yet. Each line has one more than that before it. */
  at(sequence: number): LogLine | null {
    const first = this.sequence - this.lines.length + 1;
    return sequence < first ? null : (this.lines[sequence - first] ?? null);
  }

  /** Calls back when there is a new line. */
  follow(follower: () => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

function parseLine(json: string, sequence: number): LogLine {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return { sequence, timeMs: 0, level: 'info', message: json.trimEnd(), fieldsJson: '' };
  }
  const { level, time, msg, ...fields } = parsed;
  return {
    sequence,
    timeMs: typeof time === 'number' ? time : 0,
    level: typeof level === 'string' && isLogLevel(level) ? level : 'info',
    message: typeof msg === 'string' ? msg : '',
    fieldsJson: Object.keys(fields).length === 0 ? '' : JSON.stringify(fields),
  };
}
