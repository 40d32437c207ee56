import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** Whether a request may be answered: from a program of this machine that knows the token. Null: it may. */
export function refusalOf(request: IncomingMessage, token: string, tokenFile: string): Refusal | null {
  // A page in a browser can reach this machine, by a name of its own too: neither is a client.
  if (request.headers.origin !== undefined || !isLoopback(request.headers.host))
    return { status: 403, message: 'only programs of this machine are answered, under its own name' };
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return null;
  return { status: 401, message: `send the token as "Authorization: Bearer …"; it lies in ${tokenFile}` };
}

function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(host ?? '');
}
