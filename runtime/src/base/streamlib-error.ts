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
  /** A package of node types could not be loaded. */
  | 'node_package'
  | 'stopped';

/** The cause, for programs that advise on it; only where the code leaves it open. */
export type ErrorReason =
  /** The input is fed by another output already. */
  | 'input_taken'
  | 'unknown_type'
  /** A parameter is wrong, missing or unknown. */
  | 'parameter'
  /** The node that was to be replaced goes on. */
  | 'old_kept'
  /** It does not: it could not be made again. */
  | 'old_not_back';

export interface StreamlibErrorOptions extends ErrorOptions {
  readonly reason?: ErrorReason | undefined;
}

/** The one error class of this package: what went wrong, where, and what to do next. */
export class StreamlibError extends Error {
  /** `StreamlibError`, or the name of a class made from it. */
  override readonly name: string = 'StreamlibError';

  /** Null where the code says all. */
  readonly reason: ErrorReason | null;

  /**
   * @param code - What failed.
   * @param message - What happened, where, and what to do next.
   * @param options - The `cause`; none by default.
   */
  constructor(
    /** What failed. */
    readonly code: StreamlibErrorCode,
    message: string,
    options: StreamlibErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = options.reason ?? null;
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
