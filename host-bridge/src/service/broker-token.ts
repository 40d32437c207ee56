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
  if (!address.startsWith('unix:') && (localPort(address) === null || foreignListener(address) !== null))
    return null;
  try {
    return readFileSync(brokerTokenFile(), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/**
 * The user, neither this one nor root, who listens at a port of this machine; null: nobody else does, or the system does not
 * say. While no broker runs, its port is free to all users, and one who takes it must be told nothing.
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
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}
