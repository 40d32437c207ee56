import { lstatSync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenError } from './errors.js';

/** What the system has room for; Node cuts a longer one off, and listens in another place. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;

/**
 * Makes room for a socket: a folder that nobody else may write to, so that nobody can put a socket of theirs there, and no
 * socket that a killed program left.
 */
export async function claimSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new ListenError(
      'path_too_long',
      `${path} is longer than a socket's path may be (${LONGEST_PATH} bytes)`,
      'Choose a shorter one.',
    );
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new ListenError(
      'unsafe_folder',
      `others may write to ${folder}, so a socket there could be anybody's`,
      'Choose a folder of this user only (mode 0700).',
    );
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (!present.isSocket())
    throw new ListenError(
      'in_use',
      `${path} exists and is not a socket`,
      'Remove it, or choose another path.',
    );
  if (await isServed(path))
    throw new ListenError('in_use', `another program listens at ${path}`, 'End it, or choose another path.');
  unlinkSync(path);
}

/** Whether a program listens there. Only a refusal says that none does; whatever else is wrong, the file is left alone. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
