import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Who a token says that the caller is. A client is the Python process of one connection. */
export type Caller = { readonly kind: 'user' } | { readonly kind: 'client'; readonly connectionId: string };

const clientPrefix = 'client.';

/**
 * The tokens that open the control interface: one for the user's own programs, and one for each connection's client. A client's
 * is computed from the user's and the connection's id, so that one that was given out before a restart of the broker
 * still counts after it, and none has to be stored.
 */
export class Tokens {
  private readonly hashed: Buffer;

  constructor(private readonly secret: string) {
    this.hashed = hash(secret);
  }

  forClient(connectionId: string): string {
    return `${clientPrefix}${connectionId}.${this.mac(connectionId)}`;
  }

  /** Null: not one of these. */
  identify(token: string): Caller | null {
    // Hashes, because equal lengths are what the comparison in constant time wants.
    if (timingSafeEqual(hash(token), this.hashed)) return { kind: 'user' };
    if (!token.startsWith(clientPrefix)) return null;
    const end = token.lastIndexOf('.');
    const connectionId = token.slice(clientPrefix.length, end);
    if (!timingSafeEqual(hash(token.slice(end + 1)), hash(this.mac(connectionId)))) return null;
    return { kind: 'client', connectionId };
  }

  private mac(connectionId: string): string {
    return createHmac('sha256', this.secret).update(`streamlib client ${connectionId}`).digest('base64url');
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
