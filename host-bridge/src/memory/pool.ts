import { BridgeError } from '../errors/bridge-error.js';
import { addon, type PoolStats } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';
import { type Colour, colourBits } from './colour.js';
import { formatIndex, type PixelFormat } from './pixel-format.js';
import { sweepMappings } from './segment-views.js';
import type { SharedBuffer } from './shared-buffer.js';
import type { Texture } from './texture.js';

/** How a pool is made. */
export interface FramePoolOptions {
  /**
   * How many slots the pool may grow to.
   * @defaultValue 16
   */
  readonly maxSlots?: number;
}

/** Shared memory that a producer writes frames into and uses again when the last reader has let go. */
export class FramePool {
  private id: NativeId;

  /** @param options - Its size; the defaults when not given. */
  constructor(options: FramePoolOptions = {}) {
    this.id = addon().poolCreate(options.maxSlots ?? 16);
  }

  /**
   * Loans a slot for a picture.
   *
   * @param width - Pixels in a row.
   * @param height - Rows.
   * @param format - Planes, channels and bits; `rgb8` by default.
   * @param colour - What the numbers mean as colours, which travels with the picture; unspecified by default.
   * @returns A writable texture, which the caller sends or closes; null when every slot is in use: drop the frame, or wait
   *   for a reader.
   * @throws {@link BridgeError} `closed`, `value` for a size that is not possible, `exhausted` when the system has no memory.
   */
  texture(
    width: number,
    height: number,
    format: PixelFormat = 'rgb8',
    colour?: Partial<Colour>,
  ): Texture | null {
    const index = formatIndex(format);
    const code = colour === undefined ? index : index | (colourBits(colour) << 8);
    return addon().poolTexture(this.open(), width, height, code) as Texture | null;
  }

  /**
   * Loans a slot for bytes.
   *
   * @param byteLength - How many bytes there have to be.
   * @returns A writable buffer, which the caller sends or closes; null when every slot is in use.
   * @throws {@link BridgeError} As `texture` does.
   */
  buffer(byteLength: number): SharedBuffer | null {
    return addon().poolBuffer(this.open(), byteLength) as SharedBuffer | null;
  }

  /** How many slots there are, and how they were used. */
  get stats(): PoolStats {
    return addon().poolStats(this.open());
  }

  /** Loans and frames that are still held stay valid; their memory goes with the last of them. */
  close(): void {
    const id = this.id;
    if (id === 0) return;
    this.id = 0;
    addon().poolClose(id);
    sweepMappings();
  }

  private open(): NativeId {
    if (this.id === 0) throw new BridgeError('closed', 'The FramePool was closed');
    return this.id;
  }
}
