import { chmodSync, lstatSync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { BrokerError } from '../errors/broker-error.js';

/** The path of `unix:PATH`; null for an address of another form. */
export function unixPath(address: string): string | null {
  return address.startsWith('unix:') ? address.slice('unix:'.length).replace(/^\/\/\//, '/') : null;
}

/**
 * Makes room for a socket: a folder that nobody else may write to, so that nobody can put a socket of theirs there, and no
 * socket that an earlier broker left.
 */
export async function prepareSocket(path: string): Promise<void> {
  if (!path.startsWith('/')) throw new BrokerError('invalid', `unix:${path} must name an absolute path`);
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new BrokerError(
      'io',
      `Others may write to ${folder}, so that a socket there could be anybody's; choose a folder of this user only (mode 0700)`,
    );
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (!present.isSocket()) throw new BrokerError('io', `${path} exists and is not a socket; remove it`);
  if (await answers(path)) throw new BrokerError('io', `Another program listens at ${path}`);
  unlinkSync(path);
}

/** For this user only. The folder has kept others out until now. */
export function closeToOthers(path: string): void {
  chmodSync(path, 0o600);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
