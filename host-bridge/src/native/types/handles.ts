import type { NativeId } from './ids.js';

/**
 * Called by the addon for each texture that it hands out. `mapping` names the mapped segment in this process, `offset`
 * counts from its start.
 */
export type TextureFactory = (
  id: NativeId,
  mapping: number,
  offset: number,
  byteLength: number,
  writable: boolean,
  width: number,
  height: number,
  stride: number,
  /** The format's index in the low 8 bits, then 16 bits of colour. */
  code: number,
) => unknown;

export type BufferFactory = (
  id: NativeId,
  mapping: number,
  offset: number,
  byteLength: number,
  writable: boolean,
) => unknown;
