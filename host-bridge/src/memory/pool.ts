import { BridgeError } from '../errors/bridge-error.js';
import { addon, type PoolStats } from '../native/addon.js';
import type { NativeId } from '../native/ids.js';
import { formatIndex, type PixelFormat } from './pixel-format.js';
import { sweepMappings } from './segment-views.js';
import type { SharedBuffer } from './shared-buffer.js';
import type { Texture } from './texture.js';

export interface FramePoolOptions {
  /** How many slots the pool may grow to; 16 when not given. */
  readonly maxSlots?: number;
}

/** Shared memory that a producer writes frames into and uses again when the last reader has let go. */
export class FramePool {
  private id: NativeId;

  constructor(options: FramePoolOptions = {}) {
    this.id = addon().poolCreate(options.maxSlots ?? 16);
  }

  /** Loans a slot for a picture; null when every slot is in use (drop the frame, or wait for a reader). */
  texture(width: number, height: number, format: PixelFormat = 'rgb8'): Texture | null {
    return addon().poolTexture(this.open(), width, height, formatIndex(format)) as Texture | null;
  }

  /** Loans a slot of at least `byteLength` bytes; null when every slot is in use. */
  buffer(byteLength: number): SharedBuffer | null {
    return addon().poolBuffer(this.open(), byteLength) as SharedBuffer | null;
  }

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
