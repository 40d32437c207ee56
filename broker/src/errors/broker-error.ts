export type BrokerErrorCode =
  /** A value from outside is empty or malformed. */
  | 'invalid'
  | 'not_found'
  /** A step out of order, or on a connection that has ended. */
  | 'precondition'
  /** A limit is reached. */
  | 'exhausted'
  | 'unauthenticated'
  /** A client's token, where it does not reach. */
  | 'forbidden'
  /** Another broker serves this name. */
  | 'locked'
  /** A listener, a file or a socket failed. */
  | 'io';

/** The one error of this package. The message says what is wrong, where, and what to do next. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
