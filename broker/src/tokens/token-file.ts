import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBrokerToken } from '@streamlib/host-bridge';
import { BrokerError, messageOf } from '../errors/broker-error.js';

const shortest = 16;

/** The user's token, from its file; made when there is none. Nobody else may be able to read it, else it is no secret. */
export function readOrMakeToken(path: string): string {
  try {
    return readToken(path) ?? makeToken(path);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw new BrokerError('io', `The broker's token ${path} can't be read or made: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function readToken(path: string): string | null {
  let fd: number;
  try {
    // A link could lead to a file that somebody else may read.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { mode, uid } = fstatSync(fd);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
      throw new BrokerError(
        'io',
        `The broker's token ${path} can be read by others (owner ${uid}, mode ${(mode & 0o777).toString(8)}); remove the file, and a new one will be made`,
      );
    const token = readFileSync(fd, 'utf8').trim();
    if (token.length < shortest || !isBrokerToken(token))
      throw new BrokerError(
        'io',
        `The broker's token ${path} is not a token (one line of at least ${shortest} printable ASCII characters, without spaces); remove the file, and a new one will be made`,
      );
    return token;
  } finally {
    closeSync(fd);
  }
}

/** Whole from the first moment that it has its name, and never in the place of one that another broker has just made. */
function makeToken(path: string): string {
  const token = randomBytes(32).toString('base64url');
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${token}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const rival = readToken(path);
    if (rival === null) throw error;
    return rival;
  } finally {
    unlinkSync(draft);
  }
}
