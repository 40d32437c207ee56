export interface Frame {
  readonly number: bigint;
  readonly timestampNs: bigint;
  readonly width: number;
  readonly height: number;
  readonly dropped: number;
  readonly jpeg: Uint8Array;
}
export function parseFrame(message: ArrayBuffer): Frame | null;
