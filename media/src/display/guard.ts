import { isIP } from 'node:net';

/**
 * Whether a request may be answered, by the name that its browser called us. A page from elsewhere can point a name of its own
 * at this machine (DNS rebinding) and would then count as ours; it cannot do that with an address or with `localhost`.
 */
export function isOwnHost(header: string | undefined, listeningOn: string): boolean {
  const name = hostName(header);
  if (name === null) return false;
  return (
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === listeningOn.toLowerCase()
  );
}

/** Whether a WebSocket was opened by our own page. Programs that are no browser send no origin. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || origin === `http://${host}`;
}

/** The name in a `Host` header, without its port and an IPv6 address's brackets. */
function hostName(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}
