import type { NativeId } from '../native/types/ids.js';
import { type Colour, colourOf } from './colour.js';
import { MemoryHandle } from './handle.js';
import { type PixelFormat, pixelFormats } from './pixel-format.js';
import { planesOf, type TexturePlane } from './plane.js';

/**
 * A picture in shared memory: rows of `stride` bytes, top first, pixels as `format` says. Formats with several planes have the
 * further ones behind the first, see `planes`.
 */
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
    private readonly colourBits: number,
  ) {
    super(id, mapping, offset, byteLength, writable);
  }

  /** What the numbers mean as colours; `unspecified` where the producer did not say. */
  get colour(): Colour {
    return colourOf(this.colourBits);
  }

  /** The planes in their order, as views of the memory: not copies, valid until `close()`. Made anew at each call. */
  get planes(): readonly TexturePlane[] {
    return planesOf(this.bytes, this.width, this.height, this.stride, this.format);
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
      this.colourBits,
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
  code: number,
): Texture {
  const name = pixelFormats[code & 0xff] ?? 'rgb8';
  return new Texture(id, mapping, offset, byteLength, writable, width, height, stride, name, code >>> 8);
}
