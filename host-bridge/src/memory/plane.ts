import { addon } from '../native/addon.js';
import { describePixelFormat, formatIndex, type PixelElement, type PixelFormat } from './pixel-format.js';

/** One plane of a picture: `height` rows of `width` positions with `channels` elements each. */
export interface TexturePlane {
  /** Its components as they lie in memory: `y`, `uv`, `rgb`, `uyvy`. */
  readonly name: string;
  /** Bytes from the beginning of the texture's memory. */
  readonly offset: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Positions: pixels of the plane; of a bit-packed format groups, whose elements are bytes. */
  readonly width: number;
  /** Rows of the plane. */
  readonly height: number;
  /** Elements of one position. */
  readonly channels: number;
  /** The plane's memory, rows of `stride / BYTES_PER_ELEMENT` elements. For reading and writing as with `bytes`. */
  readonly data: Uint8Array | Uint16Array | Float32Array;
}

interface Placed {
  readonly name: string;
  readonly offset: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

const ELEMENTS: Readonly<
  Record<PixelElement, (bytes: Uint8Array, from: number, size: number) => TexturePlane['data']>
> = {
  uint8: (bytes, from, size) => bytes.subarray(from, from + size),
  uint16: ({ buffer, byteOffset }, from, size) => new Uint16Array(buffer, byteOffset + from, size / 2),
  float32: ({ buffer, byteOffset }, from, size) => new Float32Array(buffer, byteOffset + from, size / 4),
};

/** The planes of pictures of the last size that was asked for: mostly the next one's as well. */
let last: { readonly key: string; readonly placed: readonly Placed[] } | null = null;

function placedPlanes(width: number, height: number, stride: number, format: PixelFormat): readonly Placed[] {
  const key = `${width}x${height}/${stride} ${format}`;
  if (last?.key === key) return last.placed;
  const numbers = addon().texturePlanes(width, height, stride, formatIndex(format));
  const at = (index: number): number => numbers[index] ?? 0;
  const placed = describePixelFormat(format).planes.map((name, index) => ({
    name,
    offset: at(index * 5),
    stride: at(index * 5 + 1),
    width: at(index * 5 + 2),
    height: at(index * 5 + 3),
    channels: at(index * 5 + 4),
  }));
  last = { key, placed };
  return placed;
}

/**
 * Views of the planes of a picture. Nothing is copied.
 *
 * @param bytes - The picture's memory, from its first pixel to the end of its last plane.
 * @param width - Width in pixels, from 1 to 32768.
 * @param height - Height in pixels, from 1 to 32768.
 * @param stride - Bytes from one row of the first plane to the next.
 * @param format - Says which planes there are.
 * @returns The planes in the order of the format.
 * @throws {@link BridgeError} `value` for a size or a stride that the format cannot have.
 */
export function planesOf(
  bytes: Uint8Array,
  width: number,
  height: number,
  stride: number,
  format: PixelFormat,
): readonly TexturePlane[] {
  const view = ELEMENTS[describePixelFormat(format).element];
  return placedPlanes(width, height, stride, format).map((plane) => ({
    ...plane,
    data: view(bytes, plane.offset, plane.stride * plane.height),
  }));
}
