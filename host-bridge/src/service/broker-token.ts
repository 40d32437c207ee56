import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BridgeError } from '../errors/bridge-error.js';
import { brokerAddress } from './broker-address.js';
import { stateDir } from './names.js';

/** Where the broker keeps the token that the user's own programs call it with: 0600, made at its first start. */
export function brokerTokenFile(): string {
  return join(stateDir(), 'broker.token');
}

const longest = 1024;

/**
 * Whether a text can be a token: it travels in a header, which takes printable ASCII, and here no more than 1024 characters.
 *
 * @param text - The text, without surrounding space.
 */
export function isBrokerToken(text: string): boolean {
  return text.length <= longest && /^[\x21-\x7e]+$/.test(text);
}

/** What `STREAMLIB_BROKER_TOKEN` says; null when it says nothing.
 *
 * @throws {@link BridgeError} `bad_token`.
 */
export function toldBrokerToken(): string | null {
  return checked(process.env.STREAMLIB_BROKER_TOKEN, 'STREAMLIB_BROKER_TOKEN', 'set it anew, or unset it');
}

/**
 * The token for calls to the broker at `address`; null when there is none to send. Read anew each time: a broker may have been
 * started, and have made it, since the last.
 *
 * @param address - Where the broker listens; this environment's by default.
 * @throws {@link BridgeError} `bad_token`, which says where the token was found but never what it is.
 */
export function brokerToken(address: string = brokerAddress()): string | null {
  const told = toldBrokerToken();
  if (told !== null) return told;
  // The file's is the secret of this user on this machine: it goes to nobody else.
  if (!address.startsWith('unix:') && (localPort(address) === null || foreignListener(address) !== null))
    return null;
  const path = brokerTokenFile();
  return checked(
    textOf(path),
    `the file ${path}`,
    'stop the broker with `streamlib broker stop` and remove the file; the next broker makes a new one',
  );
}

function checked(text: string | undefined, source: string, next: string): string | null {
  const token = text?.trim();
  if (!token) return null;
  if (isBrokerToken(token)) return token;
  throw new BridgeError(
    'bad_token',
    `the broker's token in ${source} cannot be sent: a token is one line of 1 to ${longest} printable ASCII characters without spaces; ${next}`,
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The user, neither this one nor root, who listens at a port of this machine; null: nobody else does, or the system does not
 * say. While no broker runs, its port is free to all users, and one who takes it must be told nothing.
 *
 * @param address - `host:port`.
 */
export function foreignListener(address: string): number | null {
  const port = localPort(address);
  if (port === null || process.platform !== 'linux') return null;
  const own = process.getuid?.() ?? 0;
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(table)) {
      const [, local, , state, , , , owner] = line.trim().split(/\s+/);
      if (state !== LISTENING || !local?.endsWith(`:${hex}`)) continue;
      const uid = Number(owner);
      if (uid !== own && uid !== 0) return uid;
    }
  }
  return null;
}

const LISTENING = '0A';

function localPort(address: string): number | null {
  const port = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?):(\d{1,5})$/.exec(address)?.[1];
  return port === undefined ? null : Number(port);
}

function linesOf(path: string): string[] {
  return textOf(path)?.split('\n').slice(1) ?? [];
}
