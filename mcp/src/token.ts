import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';

/** Where the token of this user's MCP servers is kept, in the state directory. */
export function tokenFile(): string {
  return join(stateDir(), 'mcp.token');
}

/**
 * The token of this user's MCP servers; made when it is first needed, so that a client's configuration stays valid.
 *
 * @throws Error if others can read the file.
 */
export function httpToken(): string {
  const file = tokenFile();
  const state = lstatSync(file, { throwIfNoEntry: false });
  if (state !== undefined) {
    if (!state.isFile() || (state.mode & 0o077) !== 0 || state.uid !== process.getuid?.())
      throw new Error(`${file} can be read by others; remove it, and a new token will be made`);
    const known = readFileSync(file, 'utf8').trim();
    if (known !== '') return known;
  }
  const token = randomBytes(32).toString('base64url');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
