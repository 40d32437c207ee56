import { headline } from '../base/headline.js';
import type { Logger } from '../base/log/logger.js';

const QUIET_MS = 1000;

/** Counts every error and logs at most one a second: a mistake in `process()` comes with each frame. */
export class ErrorReporter {
  count = 0;
  /** The first line of the newest. */
  last: string | null = null;
  private silenced = 0;
  private quietUntil = 0;

  constructor(
    private readonly log: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  report(message: string, error?: Error): void {
    this.count++;
    this.last = headline(error?.message ?? message);
    const now = this.now();
    if (now < this.quietUntil) {
      this.silenced++;
      return;
    }
    const more = this.silenced > 0 ? ` (and ${this.silenced} more since the last report)` : '';
    this.silenced = 0;
    this.quietUntil = now + QUIET_MS;
    this.log.error(
      error === undefined ? `${message}${more}` : `${message}: ${error.message}${more}`,
      error && { error },
    );
  }
}
