import type { ConnectionRecord, DerivedState } from '../state-machine/index.js';

export interface ConnectionChange {
  /** One more with each change. */
  readonly sequence: number;
  readonly at: number;
  readonly kind: 'created' | 'changed' | 'removed';
  readonly record: ConnectionRecord;
  readonly previous: DerivedState | null;
}

export type ChangeListener = (change: ConnectionChange) => void;

/** Tells each listener of each change once, in the order in which they happened. */
export class ChangeFeed {
  private sequence = 0;
  private readonly listeners = new Set<ChangeListener>();
  private readonly queue: ConnectionChange[] = [];
  private telling = false;

  get lastSequence(): number {
    return this.sequence;
  }

  subscribe(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(change: Omit<ConnectionChange, 'sequence'>): void {
    this.queue.push({ ...change, sequence: ++this.sequence });
    // A listener that causes a further change must not make others hear it before this one.
    if (this.telling) return;
    this.telling = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift())
        for (const listener of this.listeners) listener(next);
    } finally {
      this.telling = false;
    }
  }
}
