/** How important a line of the log is, from the least to the most. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** Named values beside the message of a line of the log. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the runtime and its processors log to. An `error` among the fields is written with its stack. */
export interface Logger {
  /**
   * Writes a line: for whoever looks for a mistake.
   *
   * @param message - One sentence.
   * @param fields - Values beside it; none by default.
   */
  debug(message: string, fields?: LogFields): void;
  /**
   * Writes a line: what happens, in order.
   *
   * @param message - One sentence.
   * @param fields - Values beside it; none by default.
   */
  info(message: string, fields?: LogFields): void;
  /**
   * Writes a line: something is not as it should be, and the run goes on.
   *
   * @param message - One sentence.
   * @param fields - Values beside it; none by default.
   */
  warn(message: string, fields?: LogFields): void;
  /**
   * Writes a line: something failed.
   *
   * @param message - One sentence.
   * @param fields - Values beside it; none by default.
   */
  error(message: string, fields?: LogFields): void;
  /**
   * A logger that adds fields to each line.
   *
   * @param bindings - The fields.
   */
  child(bindings: LogFields): Logger;
}
