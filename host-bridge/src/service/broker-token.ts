import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerAddress, stateDir } from './names.js';

/** Where the broker keeps the token that the user's own programs call it with: 0600, made at its first start. */
export function brokerTokenFile(): string {
  return join(stateDir(), 'broker.token');
}

/**
 * The token for calls to the broker at `address`; null when there is none to send. Read anew each time: a broker may have been
 * started, and have made it, since the last.
 */
export function brokerToken(address: string = brokerAddress()): string | null {
  const told = process.env.STREAMLIB_BROKER_TOKEN;
  if (told) return told;
  // The file's is the secret of this user on this machine: it goes to nobody else.
  if (!isOurs(address)) return null;
  try {
    return readFileSync(brokerTokenFile(), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

function isOurs(address: string): boolean {
  if (address.startsWith('unix:')) return true;
  const port = Number(
    /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?):(\d{1,5})$/.exec(address)?.[1] ?? Number.NaN,
  );
  if (Number.isNaN(port)) return false;
  return process.platform !== 'linux' || listenersAreOurs(port);
}

const listening = '0A';

/**
 * Whether everybody who listens at a port of this machine is this user, or root. While no broker runs, the port is free to all
 * users, and one who takes it must not be told the token.
 */
function listenersAreOurs(port: number): boolean {
  const own = process.getuid?.() ?? 0;
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  let found = false;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'utf8');
    } catch {
      continue;
    }
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , uid] = line.trim().split(/\s+/);
      if (state !== listening || !local?.endsWith(`:${hex}`)) continue;
      if (Number(uid) !== own && Number(uid) !== 0) return false;
      found = true;
    }
  }
  return found;
}
