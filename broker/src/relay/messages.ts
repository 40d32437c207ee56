import type { ControlValue } from '@streamlib/host-bridge';

export type Message = Record<string, ControlValue>;

export type RelayRequest =
  | { readonly type: 'store_endpoint'; readonly connectionId: string }
  | { readonly type: 'get_endpoint'; readonly connectionId: string };

const maxEntries = 8;
const maxText = 256;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

/**
 * The request that a message is, or a sentence on how it breaks the form. Entries that this version does not know are
 * allowed, as long as they are few and small.
 */
export function parseRequest(message: Message, hasEndpoint: boolean): RelayRequest | string {
  const entries = Object.entries(message);
  if (entries.length > maxEntries) return `a message of ${entries.length} entries, more than ${maxEntries}`;
  for (const [key, value] of entries) {
    if (typeof value === 'object' && value !== null)
      return `entry "${key.slice(0, 64)}" is not a plain value`;
    if (typeof value === 'string' && value.length > maxText)
      return `entry "${key.slice(0, 64)}" has ${value.length} characters, more than ${maxText}`;
  }
  const { type, connection_id: connectionId } = message;
  if (type !== 'store_endpoint' && type !== 'get_endpoint')
    return `type is ${typeof type === 'string' ? JSON.stringify(type) : typeof type}; it must be "store_endpoint" or "get_endpoint"`;
  if (typeof connectionId !== 'string' || !idPattern.test(connectionId))
    return 'connection_id is missing or malformed; it is what AllocateConnection gave';
  if (type === 'store_endpoint' && !hasEndpoint) return 'store_endpoint without an endpoint';
  if (type === 'get_endpoint' && hasEndpoint) return 'get_endpoint with a handle';
  return { type, connectionId };
}

/** About what a message took on the way here, in bytes. */
export function sizeOf(value: ControlValue): number {
  if (typeof value === 'string') return 5 + value.length;
  if (value instanceof Uint8Array) return 5 + value.byteLength;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + sizeOf(each), 5);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).reduce((sum, [key, each]) => sum + 1 + key.length + sizeOf(each), 3);
  return 9;
}
