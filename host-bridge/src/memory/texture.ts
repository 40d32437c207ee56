import type { NativeId } from '../native/types/ids.js';
import { MemoryHandle } from './handle.js';
import { type PixelFormat, pixelFormats } from './pixel-format.js';

/** A picture in shared memory: rows of `stride` bytes, top first, pixels packed as `format` says. */
export class Texture extends MemoryHandle {
  /** @internal Made by `FramePool` and by received frames. */
  constructor(
    id: NativeId,
    mapping: number,
    offset: number,
    byteLength: number,
    writable: boolean,
    /** Pixels in a row. */
    readonly width: number,
    /** Rows. */
    readonly height: number,
    /** Bytes from the beginning of a row to that of the next; at least `width` times the bytes of a pixel. */
    readonly stride: number,
    /** The channels of a pixel. */
    readonly format: PixelFormat,
  ) {
    super(id, mapping, offset, byteLength, writable);
  }

  /** A second lease on the same memory, to be closed on its own; the pixels are not copied. */
  clone(): Texture {
    const [mapping, offset] = this.placement();
    const copy = new Texture(
      this.cloneNative(),
      mapping,
      offset,
      this.byteLength,
      this.writable,
      this.width,
      this.height,
      this.stride,
      this.format,
    );
    copy.watch();
    return copy;
  }
}

export function makeTexture(
  id: NativeId,
  mapping: number,
  offset: number,
  byteLength: number,
  writable: boolean,
  width: number,
  height: number,
  stride: number,
  format: number,
): Texture {
  const name = pixelFormats[format] ?? 'rgb8';
  return new Texture(id, mapping, offset, byteLength, writable, width, height, stride, name);
}
