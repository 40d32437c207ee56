import type { NativeId } from '../native/types/ids.js';
import { MemoryHandle } from './handle.js';

/** Bytes in shared memory: samples of sound, a tensor, anything too large to be copied. */
export class SharedBuffer extends MemoryHandle {
  /** A second lease on the same memory, to be closed on its own; the bytes are not copied. */
  clone(): SharedBuffer {
    const [mapping, offset] = this.placement();
    const copy = new SharedBuffer(this.cloneNative(), mapping, offset, this.byteLength, this.writable);
    copy.watch();
    return copy;
  }
}

export function makeBuffer(
  id: NativeId,
  mapping: number,
  offset: number,
  byteLength: number,
  writable: boolean,
): SharedBuffer {
  return new SharedBuffer(id, mapping, offset, byteLength, writable);
}
