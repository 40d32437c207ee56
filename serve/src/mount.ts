import { HttpError } from './errors.js';
import type { Exchange, Upgrade } from './exchange.js';
import type { GuardRules } from './guard/guard.js';

/** One face of a server: what lies below a path, who may use it, and how it says no. */
export interface Mount {
  /** "/" or a prefix like "/metrics", without a slash at its end. The longest that fits is asked. */
  readonly path: string;
  readonly guard: GuardRules;
  /** Other methods are answered with 405. Default: all are handed on. */
  readonly methods?: readonly string[];
  /** Default 0: a request with a body is answered with 413. */
  readonly maxBodyBytes?: number;
  /** Sent with every answer, refusals included. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers, or throws an `HttpError`. */
  readonly handle: (exchange: Exchange) => void | Promise<void>;
  /** Takes the socket over, or throws an `HttpError`. Default: 404. */
  readonly upgrade?: (upgrade: Upgrade) => void;
  /** What to answer when something else was thrown. Default: 500 `internal` with its message. */
  readonly explain?: (thrown: unknown) => HttpError;
  /** How errors look. Default: `{"error": {code, message, next}}`. */
  readonly format?: ErrorFormat;
  /** Ends what it keeps open, when the server closes. */
  readonly close?: () => void;
}

export type ErrorFormat = (error: HttpError) => { readonly type: string; readonly body: string };

export const jsonErrors: ErrorFormat = (error) => ({
  type: 'application/json',
  body: JSON.stringify({ error }),
});

/** A sentence for a person. */
export const textErrors: ErrorFormat = ({ message, next }) => ({
  type: 'text/plain; charset=utf-8',
  body: `${message}. ${next}\n`.replace(/^./, (first) => first.toUpperCase()),
});

export function explain(mount: Mount | null, thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (mount?.explain !== undefined) return mount.explain(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HttpError(500, 'internal', message, 'This is a bug in StreamLib; please report it.', {
    cause: thrown,
  });
}

/** What is mounted where. No I/O. */
export class MountTable {
  /** The longest path first. */
  private mounts: readonly Mount[] = [];

  add(mount: Mount): void {
    if (!/^\/([^/?#]+(\/[^/?#]+)*)?$/.test(mount.path))
      throw new TypeError(`"${mount.path}" is not a path to mount at; write "/" or "/name"`);
    if (this.mounts.some(({ path }) => path === mount.path))
      throw new TypeError(`something is mounted at ${mount.path} already`);
    this.mounts = [...this.mounts, mount].sort((a, b) => b.path.length - a.path.length);
  }

  /** Null: nothing is there. `path` begins with "/" and has no query. */
  find(path: string): { readonly mount: Mount; readonly below: string } | null {
    for (const mount of this.mounts) {
      if (mount.path === '/') return { mount, below: path };
      if (path === mount.path) return { mount, below: '/' };
      if (path.startsWith(`${mount.path}/`)) return { mount, below: path.slice(mount.path.length) };
    }
    return null;
  }

  all(): readonly Mount[] {
    return this.mounts;
  }
}
