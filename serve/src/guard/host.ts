import { isIP } from 'node:net';

/**
 * Which names a request may call this server by, in its `Host` header.
 *
 * A page from elsewhere can point a name of its own at this machine (DNS rebinding), and its requests then count as made by the
 * same site. It cannot do that with an address or with `localhost`.
 *
 * - `any`: not looked at. Only for a socket file, which no browser can reach.
 * - `loopback`: `127.0.0.1`, `[::1]`, `localhost`.
 * - `addresses`: any IP address, `localhost`, names below `.localhost`.
 */
export type HostRule = 'any' | 'loopback' | 'addresses';

/** A `Host` header taken apart. */
export interface HostHeader {
  /** In lower case, without the brackets of an IPv6 address. */
  readonly name: string;
  /** Null: none was given. */
  readonly port: number | null;
}

/** Addresses that say "this machine" on most systems, but are the address of none. */
const UNSPECIFIED = /^(0\.0\.0\.0|[0:]+)$/;

/** Null for whatever a browser or an HTTP client would not send: user names, paths, a port out of range, a zone, other scripts. */
export function parseHost(header: string): HostHeader | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i.exec(header);
  if (match === null) return null;
  const [, ipv6, other, digits] = match;
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return null;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && port > 65_535) return null;
  return { name: (ipv6 ?? other ?? '').toLowerCase(), port };
}

/**
 * Whether a server answers to this name. `names` are further ones that it was given, in any case; the address it listens on is one
 * of them. The port is not compared: behind `ssh -L` and in containers the client's port is another one.
 */
export function answersTo({ name }: HostHeader, rule: HostRule, names: readonly string[]): boolean {
  if (rule === 'any' || names.some((known) => known.toLowerCase() === name)) return true;
  if (name === 'localhost') return true;
  if (rule === 'loopback') return name === '127.0.0.1' || name === '::1';
  return name.endsWith('.localhost') || (isIP(name) !== 0 && !UNSPECIFIED.test(name));
}
