import { unknownFieldCheck } from './channel/known-fields.js';
import { addon } from './native/addon.js';
import type { Schema } from './schema/types.js';

/** The body of a frame without handles, as it travels. For tests and diagnostics: frames go through a Connection. */
export function encodeValue(schema: Schema, value: object): Uint8Array {
  unknownFieldCheck(schema)(value);
  return addon().encodeValue(JSON.stringify(schema), value);
}

export function decodeValue(schema: Schema, bytes: Uint8Array): Record<string, unknown> {
  return addon().decodeValue(JSON.stringify(schema), bytes);
}
