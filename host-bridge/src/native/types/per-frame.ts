import type { NativeId } from './ids.js';

/** What is called for each frame: in Rust `calls/per_frame.rs`, which is not generated from, for speed. */
export interface PerFrameCalls {
  /** False: nothing was sent, the peer does not read or is gone. */
  connectionSendFrame(connection: NativeId, port: number, frameId: number, frame: object): boolean;
  /** This side has finished with the frames of an input port up to `frameId`; it travels with the next message. */
  connectionAck(connection: NativeId, port: number, frameId: number): void;
  /**
   * What the texture factory made; null when every slot is held. `code`: the format's index in the low 8 bits, then 16 bits of
   * colour.
   */
  poolTexture(pool: NativeId, width: number, height: number, code: number): unknown;
  /** What the buffer factory made; null when every slot is held. */
  poolBuffer(pool: NativeId, byteLength: number): unknown;
  handleClone(handle: NativeId): NativeId;
  /** True: only the ArrayBuffer of its mapping (if it has one) still holds that; nothing can name it any more. */
  handleClose(handle: NativeId): boolean;
}
