/** A source that goes back by this much has begun again, or is another one: it is not a frame out of order. */
const RESTART_NS = 500_000_000n;

/** When frames are to be shown: by the source's own time where they have one, by the clock otherwise. */
export class FrameTime {
  private last: { readonly at: bigint; readonly media: bigint | null; readonly clock: bigint } | null = null;

  /** Nanoseconds since the first frame. `clock`: `timestamp_ns`; `media`: `media_time`, if there is one. */
  of(clock: bigint, media: bigint | null): bigint {
    const at = this.last === null ? 0n : this.last.at + this.since(this.last, clock, media);
    this.last = { at, media, clock };
    return at;
  }

  private since(
    last: { readonly media: bigint | null; readonly clock: bigint },
    clock: bigint,
    media: bigint | null,
  ): bigint {
    if (media === null && last.media === null) return clock - last.clock;
    if (media !== null && last.media !== null && media > last.media - RESTART_NS) return media - last.media;
    // Between two times that have nothing to do with each other, only the clock can say how long it was.
    return clock > last.clock ? clock - last.clock : 0n;
  }
}
