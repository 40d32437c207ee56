import type { Logger } from '@streamlib/processor';

export type { LogFields, Logger, LogLevel } from '@streamlib/processor';

/** For those of whom nobody wants to hear. */
export const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};

/** One line of the log. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How important it is. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The processor's id; null for the runtime itself. */
  readonly processor: string | null;
  /** What happened. */
  readonly message: string;
}
