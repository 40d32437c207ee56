import type { Frame } from './frame.js';

/**
 * Where ports tell of the frames that pass. A port has none while traces are off, and then asks for nothing more than
 * whether it has one.
 */
export interface OutputProbe {
  /** It is about to be handed to the readers. */
  sent(frame: Frame): void;
}

export interface InputProbe {
  /** A processor of this process was handed the frame. */
  taken(frame: Frame): void;
  /** It is done with it. */
  finished(frame: Frame, failed: boolean): void;
  /** The frame went to the subprocess at the far end of a connection. */
  lent(frame: Frame, frameId: number, connection: string | null): void;
  /** The subprocess has finished with this frame and all before it. */
  acked(frameId: number): void;
  /** The subprocess is gone, with all that it had. */
  lost(): void;
  dropped(frame: Frame, reason: string): void;
}

/** What has ports to look at. */
export interface Watchable {
  readonly id: string;
  readonly inputs: ReadonlyMap<string, { readonly name: string; probe?: InputProbe | undefined }>;
  readonly outputs: ReadonlyMap<string, { readonly name: string; probe?: OutputProbe | undefined }>;
}
