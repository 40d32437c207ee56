import type { Delivery } from '@streamlib/processor';
import { Ring } from './ring.js';

export const DEFAULT_QUEUE = 8;

/**
 * What waits in front of one reader of a port.
 *
 * - `latest`: one place; a newer item takes it, the older one is dropped.
 * - `every_sample`: a bounded queue; when it is full the oldest is dropped.
 * - `lossless`: a bounded queue; when it is full it refuses, and whoever produces has to wait.
 *
 * Pure: what is dropped is given to `onDrop`, which counts it and lets it go.
 */
export class DeliveryQueue<T> {
  readonly capacity: number;
  private readonly items: Ring<T>;

  constructor(
    readonly delivery: Delivery,
    capacity: number,
    private readonly onDrop: (item: T) => void,
  ) {
    this.capacity = delivery === 'latest' ? 1 : Math.max(1, Math.floor(capacity));
    this.items = new Ring(Math.min(this.capacity, 64));
  }

  get size(): number {
    return this.items.size;
  }

  /** Whether `offer` would have to drop or refuse something. */
  get full(): boolean {
    return this.items.size >= this.capacity;
  }

  /** False only for a full lossless queue; the item then stays the caller's. */
  offer(item: T): boolean {
    if (this.full) {
      if (this.delivery === 'lossless') return false;
      const oldest = this.items.shift();
      if (oldest !== undefined) this.onDrop(oldest);
    }
    this.items.push(item);
    return true;
  }

  take(): T | undefined {
    return this.items.shift();
  }

  /** Empties the queue without counting drops; `release` lets go of each item. */
  clear(release: (item: T) => void): void {
    for (let item = this.items.shift(); item !== undefined; item = this.items.shift()) release(item);
  }
}
