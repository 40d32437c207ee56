import { unknownFieldCheck } from './channel/known-fields.js';
import { addon } from './native/addon.js';
import type { Schema } from './schema/types.js';

/**
 * The body of a frame without handles, as it travels. For tests and diagnostics: frames go through a `Connection`.
 *
 * @param schema - The fields of the frame.
 * @param value - An object with these fields.
 * @throws {@link BridgeError} `value`, with the field, for what does not fit.
 */
export function encodeValue(schema: Schema, value: object): Uint8Array {
  unknownFieldCheck(schema)(value);
  return addon().encodeValue(JSON.stringify(schema), value);
}

/**
 * The frame that `encodeValue` made.
 *
 * @param schema - The fields of the frame.
 * @param bytes - What `encodeValue` returned.
 * @throws {@link BridgeError} `malformed` for other bytes.
 */
export function decodeValue(schema: Schema, bytes: Uint8Array): Record<string, unknown> {
  return addon().decodeValue(JSON.stringify(schema), bytes);
}
