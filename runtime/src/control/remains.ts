import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { isServed } from '@streamlib/serve';

const SOCKET = /^runtime-([a-z0-9]+)\.sock$/;

/** What runtimes left behind that were killed: their sockets, tokens, and the code that had come to them as text. */
export async function removeRemains(socketFolder: string): Promise<void> {
  const tokens = join(stateDir(), 'runtimes');
  const sockets = new Map<string, string>();
  for (const name of namesIn(socketFolder)) {
    const id = SOCKET.exec(name)?.[1];
    if (id !== undefined) sockets.set(id, join(socketFolder, name));
  }
  // A runtime of another session listens elsewhere; its token tells where.
  for (const name of namesIn(tokens)) {
    const socket = secondLine(join(tokens, name));
    if (name.endsWith('.token') && socket !== null) sockets.set(name.slice(0, -'.token'.length), socket);
  }
  await Promise.all(
    [...sockets].map(async ([id, socket]) => {
      if (await isServed(socket)) return;
      rmSync(socket, { force: true });
      rmSync(join(tokens, `${id}.token`), { force: true });
      rmSync(join(stateDir(), 'agents', id), { recursive: true, force: true });
    }),
  );
}

function secondLine(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').split('\n')[1] || null;
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
