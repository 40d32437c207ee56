/**
 * What failed; stable, to be compared by programs. `graph`: the graph or its manifest is wrong. `config`: a setting or
 * parameter is. `state`: a call in a state that does not allow it. `sandbox`: code from outside would have to run without one.
 * `packages`: a package could not be decided on, resolved or installed. `stopped`: the runtime was stopped meanwhile. The
 * others name the part that failed.
 */
export type StreamlibErrorCode =
  /** The graph or its manifest is wrong; `issues` lists everything that was found. */
  | 'graph'
  | 'config'
  /** Called in a state that does not allow it. */
  | 'state'
  | 'broker_unavailable'
  | 'broker_refused'
  | 'python_environment'
  | 'python_file'
  /** Code from outside would have to run without a sandbox. */
  | 'sandbox'
  /** A package could not be decided on, resolved or installed. */
  | 'packages'
  | 'handshake'
  | 'subprocess'
  | 'bridge'
  | 'processor'
  | 'media_missing'
  | 'stopped';

/** The one error class of this package: what went wrong, where, and what to do next. */
export class StreamlibError extends Error {
  /** `StreamlibError`, or the name of a class made from it. */
  override readonly name: string = 'StreamlibError';

  /**
   * @param code - What failed.
   * @param message - What happened, where, and what to do next.
   * @param options - The `cause`; none by default.
   */
  constructor(
    /** What failed. */
    readonly code: StreamlibErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
