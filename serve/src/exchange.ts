import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { readBody } from './body.js';
import { HttpError } from './errors.js';

/** Where below its mount a request points. */
export interface Target {
  /** Begins with "/"; not decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** One request and its answer. */
export class Exchange implements Target {
  readonly path: string;
  readonly query: URLSearchParams;
  private aborter: AbortController | null = null;
  private read: Promise<Buffer> | null = null;

  constructor(
    /** Its body has not been read; use `body()`. */
    readonly request: IncomingMessage,
    /** For answers that are streamed. The mount's headers are set. */
    readonly response: ServerResponse,
    target: Target,
    private readonly maxBodyBytes: number,
    /** The client waits for a word before it sends its body. */
    private waits: boolean,
  ) {
    this.path = target.path;
    this.query = target.query;
  }

  /** Aborts when the client is gone, or has its answer. */
  get signal(): AbortSignal {
    if (this.aborter === null) {
      const aborter = new AbortController();
      this.aborter = aborter;
      if (this.response.destroyed) aborter.abort();
      else this.response.once('close', () => aborter.abort());
    }
    return this.aborter.signal;
  }

  /** The whole body; the same one when asked again. Rejects with 413 if it is longer than the mount allows. */
  body(): Promise<Buffer> {
    if (this.waits) this.response.writeContinue();
    this.waits = false;
    this.read ??= readBody(this.request, this.maxBodyBytes);
    return this.read;
  }

  /** The body as JSON; undefined if it is empty. Rejects with 413, or with 400 if it is not valid JSON, and `next` says what is. */
  async json(next = 'Send JSON.'): Promise<unknown> {
    const text = (await this.body()).toString('utf8');
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new HttpError(400, 'invalid', 'the request body is not valid JSON', next, { cause });
    }
  }

  /** Answers with all of it at once; with the headers only if the request is HEAD. */
  send(
    status: number,
    type: string,
    content: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const { request, response } = this;
    if (response.destroyed || response.headersSent) return;
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(content),
    });
    response.end(request.method === 'HEAD' ? undefined : content);
  }

  sendJson(status: number, value: unknown): void {
    this.send(status, 'application/json', JSON.stringify(value));
  }
}

/** A request to go on in another protocol, which the guard has let in. Whoever takes it owns the socket. */
export interface Upgrade extends Target {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
