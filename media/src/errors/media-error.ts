export type MediaErrorCode =
  /** No such file, folder or device. */
  | 'not_found'
  /** There is something, but not anything that can be played, or FFmpeg cannot do what is asked. */
  | 'unsupported'
  /** Data that is not what its container says. */
  | 'corrupt'
  | 'exists'
  | 'port_in_use'
  | 'io';

/** The one error class of this package: what went wrong, where, and what to do next. */
export class MediaError extends Error {
  override readonly name: string = 'MediaError';

  constructor(
    readonly code: MediaErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
