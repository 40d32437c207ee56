/** Which part of a film is played, and how fast. */
export interface Part {
  /** Seconds from the beginning of the film; 0 by default. */
  readonly start?: number | undefined;
  /** Likewise; the film's end by default. */
  readonly end?: number | undefined;
  /** 2 plays twice as fast; 1 by default. */
  readonly speed?: number | undefined;
}

export interface PartNs {
  readonly startNs: bigint;
  readonly endNs: bigint | null;
  readonly speed: number;
}

export function partOf({ start = 0, end, speed = 1 }: Part): PartNs {
  return { startNs: toNs(start), endNs: end === undefined ? null : toNs(end), speed };
}

function toNs(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}
