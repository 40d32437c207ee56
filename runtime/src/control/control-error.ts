/**
 * What failed; stable, to be compared by programs. `not_found`: what was named does not exist. `invalid`: the arguments, or the
 * graph that would come of them. `code`: the code has problems, which `details.problems` lists. `failed`: it was begun and did
 * not work; nothing was changed. `timeout`: no frame came in time. `denied`: not allowed to whoever asks. `unavailable`: this
 * runtime cannot do it. `unauthorized`: the token is missing or wrong. `internal`: an error of StreamLib.
 */
export type ControlErrorCode =
  /** What was named does not exist. */
  | 'not_found'
  /** The arguments, or the graph that would come of them. */
  | 'invalid'
  /** The code has problems; `problems` has them all. */
  | 'code'
  /** It was begun and did not work; nothing was changed. */
  | 'failed'
  | 'timeout'
  /** The caller is not allowed to do it. */
  | 'denied'
  /** This runtime cannot do it. */
  | 'unavailable'
  | 'unauthorized'
  | 'internal';

/** What the control API answers with when something cannot be done: what happened, and what to do next. */
export class ControlError extends Error {
  /** Always `ControlError`. */
  override readonly name = 'ControlError';

  /**
   * @param code - What failed.
   * @param message - What happened.
   * @param next - The next thing to try, in one sentence.
   * @param details - More for programs; none by default.
   * @param options - The `cause`; none by default.
   */
  constructor(
    /** What failed. */
    readonly code: ControlErrorCode,
    message: string,
    /** One sentence: the next thing to try. */
    readonly next: string,
    /** More for programs, such as `problems` of code. */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Its form in answers of the control API: `code`, `message`, `next`, and `details` where there are any. */
  toJSON(): Record<string, unknown> {
    const { code, message, next, details } = this;
    return { code, message, next, ...(Object.keys(details).length > 0 && { details }) };
  }
}

/**
 * Whatever an operation threw, as the error that says what to do next.
 *
 * @param thrown - What was thrown; a `ControlError` is returned as it is.
 */
export function toControlError(thrown: unknown): ControlError {
  if (thrown instanceof ControlError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'stopped' || code === 'state')
    return new ControlError('unavailable', message, 'The graph is being stopped; start one again.');
  if (code === 'packages')
    return new ControlError('failed', message, 'Tell the user what it says.', {}, { cause: thrown });
  return new ControlError(
    'internal',
    message,
    'This is a bug in StreamLib; tell the user.',
    {},
    { cause: thrown },
  );
}
