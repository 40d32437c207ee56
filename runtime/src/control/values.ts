import { SharedBuffer, Texture } from '@streamlib/host-bridge';
import type { FrameValue } from '@streamlib/processor';

const LONGEST_TEXT = 2000;
const LONGEST_LIST = 256;
const LONGEST_BYTES = 64;

/** A frame's fields for people and agents: what is in shared memory is described, what is long is cut. */
export function describeFrame(frame: FrameValue): Record<string, unknown> {
  return Object.fromEntries(Object.entries(frame).map(([key, item]) => [key, describeValue(item)]));
}

function describeValue(value: unknown): unknown {
  if (value instanceof Texture) {
    const { width, height, format, colour } = value;
    const shown = { texture: `${width}x${height} ${format}`, width, height, format };
    return Object.values(colour).every((name) => name === 'unspecified') ? shown : { ...shown, colour };
  }
  if (value instanceof SharedBuffer) return { buffer: value.byteLength };
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, LONGEST_BYTES)).toString('hex');
    return { bytes: value.length, hex };
  }
  if (typeof value === 'bigint')
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string')
    return value.length > LONGEST_TEXT
      ? `${value.slice(0, LONGEST_TEXT)}… (${value.length} characters)`
      : value;
  if (Array.isArray(value)) {
    const items = value.slice(0, LONGEST_LIST).map(describeValue);
    return value.length > LONGEST_LIST ? [...items, `… (${value.length} items)`] : items;
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, describeValue(item)]));
  return value ?? null;
}
