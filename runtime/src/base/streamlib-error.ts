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
  override readonly name: string = 'StreamlibError';

  constructor(
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
