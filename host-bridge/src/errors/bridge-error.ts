export type BridgeErrorCode =
  | 'malformed'
  | 'closed'
  | 'schema'
  | 'value'
  | 'would_block'
  | 'exhausted'
  | 'stale'
  | 'locked'
  | 'io'
  | 'not_endpoint'
  | 'permission'
  /** What the broker is to be called with cannot be sent. */
  | 'bad_token';

export interface BridgeErrorDetails {
  /** The port whose frame or schema was refused. */
  readonly port?: string | undefined;
  /** The path of the refused field, for example `detections[2].label`. */
  readonly field?: string | undefined;
  /** With `locked`: the process that holds the lock. */
  readonly holderPid?: number | undefined;
  readonly cause?: unknown;
}

/** The one error of this package: what failed (`code`), where (`port`, `field`), and in the message what to do next. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: BridgeErrorCode;
  declare readonly port?: string;
  declare readonly field?: string;
  declare readonly holderPid?: number;

  constructor(code: BridgeErrorCode, message: string, details: BridgeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.port !== undefined) this.port = details.port;
    if (details.field !== undefined) this.field = details.field;
    if (details.holderPid !== undefined) this.holderPid = details.holderPid;
  }
}
