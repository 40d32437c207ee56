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

export interface LogLine {
  readonly time: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The processor's id; null for the runtime itself. */
  readonly processor: string | null;
  readonly message: string;
}
