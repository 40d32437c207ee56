import { BridgeError } from '../errors/bridge-error.js';
import { addon } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';
import { forgetMapping, segmentView } from './segment-views.js';

// Only clones are watched: they outlive a delivery, so a forgotten one would hold its slot until the process ends.
// Handles of a frame are closed by whoever received it; watching each would cost more than the frame.
const forgotten = new FinalizationRegistry<{ id: NativeId; mapping: number }>(({ id, mapping }) => {
  if (addon().handleClose(id)) forgetMapping(mapping);
});

/** A lease on shared memory: one slot of a pool, here or in the peer. Whoever holds it must `close()` it. */
export abstract class MemoryHandle {
  /** Read by the addon when the handle is sent; 0 once closed. */
  protected nativeHandle: NativeId;
  private watched = false;

  constructor(
    id: NativeId,
    private readonly mapping: number,
    private readonly offset: number,
    /** The size of the memory, in bytes. */
    readonly byteLength: number,
    /** True for memory loaned from a pool of this process, false for what a peer sent. */
    readonly writable: boolean,
  ) {
    this.nativeHandle = id;
  }

  /**
   * The memory itself, not a copy, valid until `close()`; afterwards the slot belongs to somebody else's frame.
   *
   * Memory that a peer sent (`writable` is false) is mapped read-only. JavaScript can't express that: **writing to it is a
   * fault that kills the process**. Write into memory from `FramePool`, and only before it is sent.
   *
   * @throws {@link BridgeError} `closed`.
   */
  get bytes(): Uint8Array {
    if (this.nativeHandle === 0) throw this.closedError('read');
    return segmentView(this.nativeHandle, this.mapping, this.offset, this.byteLength);
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.nativeHandle === 0;
  }

  /** Gives the lease back; the producer can use the slot again when the last holder has. Closing twice is harmless. */
  close(): void {
    const id = this.nativeHandle;
    if (id === 0) return;
    this.nativeHandle = 0;
    if (this.watched) forgotten.unregister(this);
    if (addon().handleClose(id)) forgetMapping(this.mapping);
  }

  protected cloneNative(): NativeId {
    if (this.nativeHandle === 0) throw this.closedError('clone');
    return addon().handleClone(this.nativeHandle);
  }

  protected watch(): void {
    this.watched = true;
    forgotten.register(this, { id: this.nativeHandle, mapping: this.mapping }, this);
  }

  protected placement(): readonly [mapping: number, offset: number] {
    return [this.mapping, this.offset];
  }

  private closedError(what: string): BridgeError {
    return new BridgeError(
      'closed',
      `Cannot ${what} a ${this.constructor.name} that was closed; clone() it to keep it`,
    );
  }
}
