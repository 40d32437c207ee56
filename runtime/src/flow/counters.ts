/** Why a frame was dropped. A processor may count reasons of its own besides. */
export type DropReason =
  /** `latest`: a newer frame took its place. */
  | 'replaced'
  /** `every_sample`: the queue was full, the oldest went. */
  | 'overflow'
  /** The Python process was not ready: the gate is a plug, not a queue. */
  | 'not_ready'
  /** `set()` while a lossless reader was full. */
  | 'held_back'
  /** The pool had no free slot, or the peer held too much. */
  | 'exhausted'
  /** The value could not be encoded, or `process()` threw. */
  | 'error'
  /** The Python process dropped it on its side: window full or no free slot. */
  | 'client'
  /** The Python process ended while it had them. */
  | 'lost'
  /** The system gave this process no memory to read it. */
  | 'no_memory'
  /** Left over when the node stopped. */
  | 'stopped';

export class PortCounters {
  frames = 0;
  /** Of these: what went from one subprocess to another and was not seen here. */
  direct = 0;
  /** When the first and the newest frame passed, in milliseconds of `performance.now()`. */
  firstAt = 0;
  lastAt = 0;
  private byReason: Record<string, number> = {};

  pass(): void {
    this.lastAt = performance.now();
    if (this.frames === 0) this.firstAt = this.lastAt;
    this.frames++;
  }

  /** Frames that a subprocess has counted; the times are of `performance.now()`. */
  passDirect(count: number, firstAt: number, lastAt: number): void {
    if (count <= 0) return;
    if (this.frames === 0) this.firstAt = firstAt;
    this.lastAt = Math.max(this.lastAt, lastAt);
    this.frames += count;
    this.direct += count;
  }

  /** Frames per second between the first and the newest. */
  get rate(): number {
    return this.frames < 2 || this.lastAt <= this.firstAt
      ? 0
      : ((this.frames - 1) * 1000) / (this.lastAt - this.firstAt);
  }

  drop(reason: string, count = 1): void {
    this.byReason[reason] = (this.byReason[reason] ?? 0) + count;
  }

  /** Sets a figure that somebody else counts up. */
  setDropped(reason: string, count: number): void {
    this.byReason[reason] = count;
  }

  get dropped(): number {
    let sum = 0;
    for (const count of Object.values(this.byReason)) sum += count;
    return sum;
  }

  droppedBy(): Record<string, number> {
    return { ...this.byReason };
  }
}
