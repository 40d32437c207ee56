import type { LogFields, Logger, LogLevel } from '@streamlib/processor';

/** A log that a test can read, and wait for. */
export class MemoryLog implements Logger {
  readonly lines: { readonly level: LogLevel; readonly message: string }[] = [];
  private readonly waiting: { pattern: RegExp; resolve: (message: string) => void }[] = [];

  debug = (message: string, _fields?: LogFields): void => this.write('debug', message);
  info = (message: string, _fields?: LogFields): void => this.write('info', message);
  warn = (message: string, _fields?: LogFields): void => this.write('warn', message);
  error = (message: string, _fields?: LogFields): void => this.write('error', message);

  child(): Logger {
    return this;
  }

  /** The first line that matches, now or later. */
  async line(pattern: RegExp): Promise<string> {
    const found = this.lines.find(({ message }) => pattern.test(message));
    return found?.message ?? new Promise((resolve) => this.waiting.push({ pattern, resolve }));
  }

  private write(level: LogLevel, message: string): void {
    this.lines.push({ level, message });
    for (const { pattern, resolve } of this.waiting) if (pattern.test(message)) resolve(message);
  }
}
