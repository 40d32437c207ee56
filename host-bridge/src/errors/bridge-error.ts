/**
 * What failed; stable, to be compared by programs.
 *
 * | code | meaning |
 * |---|---|
 * | `malformed` | bytes or a message that do not have the form of the wire |
 * | `closed` | the object was closed, or the peer is gone |
 * | `schema` | a schema that is not valid |
 * | `value` | a value that does not fit its field, port or parameter |
 * | `would_block` | it would have had to wait |
 * | `exhausted` | a limit was reached, or the system had no more to give |
 * | `stale` | a handle or slot that has another use by now |
 * | `locked` | another process holds the lock; see `holderPid` |
 * | `io` | the operating system reported an error |
 * | `not_endpoint` | a handle or descriptor that is not an endpoint |
 * | `permission` | the other side belongs to another user, or a path is not private |
 * | `bad_token` | the broker's token holds what cannot be sent |
 */
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
  | 'bad_token';

/** Where a `BridgeError` happened, and why. */
export interface BridgeErrorDetails {
  /** The port whose frame or schema was refused. */
  readonly port?: string | undefined;
  /** The path of the refused field, for example `detections[2].label`. */
  readonly field?: string | undefined;
  /** With `locked`: the process that holds the lock. */
  readonly holderPid?: number | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The one error of this package: what failed (`code`), where (`port`, `field`), and in the message what to do next. */
export class BridgeError extends Error {
  /** Always `BridgeError`. */
  override readonly name = 'BridgeError';
  /** What failed. */
  readonly code: BridgeErrorCode;
  /** The port whose frame or schema was refused; absent where there is none. */
  declare readonly port?: string;
  /** The path of the refused field, for example `detections[2].label`; absent where there is none. */
  declare readonly field?: string;
  /** With `locked`: the process that holds the lock. */
  declare readonly holderPid?: number;

  /**
   * @param code - What failed.
   * @param message - What happened, and what to do next.
   * @param details - Where, and why; none by default.
   */
  constructor(code: BridgeErrorCode, message: string, details: BridgeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.port !== undefined) this.port = details.port;
    if (details.field !== undefined) this.field = details.field;
    if (details.holderPid !== undefined) this.holderPid = details.holderPid;
  }
}
