import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.js';

/** So much more of a body that was refused is read, and no longer: a client that sends on would not see why it was refused. */
const DISCARDED_BYTES = 16 * 1024 * 1024;
const DISCARDED_MS = 1000;

export function tooLarge(limit: number): HttpError {
  return new HttpError(
    413,
    'too_large',
    `the request body is longer than ${limit} bytes`,
    'Send less at once.',
  );
}

/** Throws if the client says itself that its body is too long. Nothing of it has been read then. */
export function checkDeclaredLength({ headers }: IncomingMessage, limit: number): void {
  // Node has refused what is not a number.
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  // Chunks have no length, but where no body is read, nobody would count them.
  if (limit === 0 && headers['transfer-encoding'] !== undefined) throw tooLarge(limit);
}

/** The whole body. What is longer than the limit is not collected, whatever the client said before. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = () => {
      request.off('data', take).off('end', end).off('close', gone).off('error', gone);
      request.pause();
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      stop();
      reject(tooLarge(limit));
    };
    const end = () => {
      stop();
      resolve(Buffer.concat(chunks, length));
    };
    const gone = () => {
      stop();
      reject(
        new HttpError(400, 'bad_request', 'the request ended before its body was complete', 'Send it again.'),
      );
    };
    request.on('data', take).once('end', end).once('close', gone).once('error', gone);
    request.resume();
  });
}

/** Reads on without keeping anything, within bounds, so that the client gets to see the answer that it has been sent. */
export function discardRest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = DISCARDED_BYTES;
    const done = () => {
      clearTimeout(deadline);
      request.off('data', count).off('end', done).off('close', done);
      resolve();
    };
    const count = (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) done();
    };
    const deadline = setTimeout(done, DISCARDED_MS);
    if (request.destroyed || request.complete) return done();
    request.on('data', count).once('end', done).once('close', done);
    request.resume();
  });
}
