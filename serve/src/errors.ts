/** What a request was refused for. A face may answer with further codes of its own. */
export type HttpErrorCode =
  /** Not a request that this server understands: its target, or a header that must be there once. */
  | 'bad_request'
  /** The `Host` header has a name that this server does not answer to. */
  | 'wrong_host'
  /** The request was made by a web page of another site. */
  | 'wrong_origin'
  | 'unauthorized'
  | 'not_found'
  | 'method_not_allowed'
  /** The body is longer than this resource accepts. */
  | 'too_large'
  /** The body is not what it must be. */
  | 'invalid'
  | 'busy'
  | 'internal'
  | (string & {});

export interface HttpErrorOptions extends ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Further fields for a program, sent as `details`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An answer that is not the one asked for: its status, a stable code, what happened, and what to do next. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    /** 400 to 599. */
    readonly status: number,
    readonly code: HttpErrorCode,
    message: string,
    /** One sentence: the next thing to try. */
    readonly next: string,
    { headers = {}, details = {}, ...options }: HttpErrorOptions = {},
  ) {
    super(message, options);
    this.headers = headers;
    this.details = details;
  }

  toJSON(): Record<string, unknown> {
    const { code, message, next, details } = this;
    return { code, message, next, ...(Object.keys(details).length > 0 && { details }) };
  }
}

export type ListenErrorCode =
  | 'in_use'
  | 'not_permitted'
  /** The host is neither an address nor a name of this machine. */
  | 'no_such_address'
  | 'path_too_long'
  /** Other users could put a socket of their own in the place of this one. */
  | 'unsafe_folder'
  | 'io';

/** Why a server cannot listen where it was asked to. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly code: ListenErrorCode,
    message: string,
    /** One sentence: the next thing to try. */
    readonly next: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
