import { chmodSync } from 'node:fs';
import { isIP, type Server } from 'node:net';
import { ListenError } from './errors.js';
import { claimSocket } from './socket-file.js';

/** An address, or a socket file, which only this user can open. Port 0: any that is free. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly socket: string };

/** Settles when the server listens. Rejects with a `ListenError`; nothing is left open then. */
export async function listen(server: Server, at: ListenAt): Promise<void> {
  if ('socket' in at) await claimSocket(at.socket);
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => reject(reasonOf(cause, at));
    server.once('error', failed);
    const listening = () => {
      server.off('error', failed);
      resolve();
    };
    if ('socket' in at) server.listen(at.socket, listening);
    else server.listen(at.port, at.host, listening);
    // At once: Node binds a socket file within the call. Its folder has kept others out until now.
    if ('socket' in at && server.listening) chmodSync(at.socket, 0o600);
  });
}

/** Where a client on this machine finds a server that listens there. Null for a socket file. */
export function urlOf(server: Server, at: ListenAt): string | null {
  const address = server.address();
  if ('socket' in at || address === null || typeof address === 'string') return null;
  // "Everywhere" is no address that one can connect to.
  const host = at.host === '0.0.0.0' ? '127.0.0.1' : at.host === '::' ? '::1' : at.host;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`;
}

function reasonOf(cause: NodeJS.ErrnoException, at: ListenAt): ListenError {
  if ('socket' in at) {
    const error = { EADDRINUSE: 'in_use', EACCES: 'not_permitted' } as const;
    const code = cause.code === 'EADDRINUSE' || cause.code === 'EACCES' ? error[cause.code] : 'io';
    return new ListenError(code, `cannot listen at ${at.socket}: ${cause.message}`, 'Choose another path.', {
      cause,
    });
  }
  const { host, port } = at;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ListenError(
        'in_use',
        `port ${port} of ${host} is in use by another program`,
        'Choose another port, or 0 for any that is free.',
        { cause },
      );
    case 'EACCES':
      return new ListenError(
        'not_permitted',
        `this user may not open port ${port} of ${host}`,
        'Choose a port from 1024 upwards.',
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(
        'no_such_address',
        `"${host}" is not an address or a name of this machine`,
        'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses.',
        { cause },
      );
    default:
      return new ListenError(
        'io',
        `cannot listen on ${host}, port ${port}: ${cause.message}`,
        'Check host and port.',
        {
          cause,
        },
      );
  }
}
