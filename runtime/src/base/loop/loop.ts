import { monitorTick, type Tick } from './tick.js';

/** So long may work go on from promise to promise before timers, signals and sockets get their turn. */
export const MAX_TURN_MS = 5;

/** What happened on the loop since the last look. */
export interface Activity {
  /** Milliseconds within calls of each node. */
  readonly inCalls: ReadonlyMap<string, number>;
  /** Frames that each node sent. */
  readonly sent: ReadonlyMap<string, number>;
}

/**
 * The event loop of this thread, as far as nodes use it. It knows how long the current turn has lasted, so that loops which never
 * wait for anything from outside give others a turn, and who has used how much of it.
 */
export class Loop {
  private turnBegan: number | null = null;
  private inCalls = new Map<string, number>();
  private sent = new Map<string, number>();
  private readonly watchers = new Set<(tick: Tick, activity: Activity) => void>();
  private stopTicking: (() => void) | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether work that goes on now would hold up the loop: then do it after `nextTurn()`. */
  isDue(): boolean {
    const now = this.now();
    if (this.turnBegan === null) {
      this.turnBegan = now;
      setImmediate(() => {
        this.turnBegan = null;
      });
    }
    return now - this.turnBegan > MAX_TURN_MS;
  }

  /** Settles when timers, signals and sockets have had their turn. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Calls code of a node, on its account. */
  call<T>(node: string, work: () => T): T {
    const began = this.now();
    try {
      return work();
    } finally {
      add(this.inCalls, node, this.now() - began);
    }
  }

  countSent(node: string): void {
    add(this.sent, node, 1);
  }

  /** Calls back a few times a second, late when the loop was held. Returns what ends it. */
  watch(watcher: (tick: Tick, activity: Activity) => void): () => void {
    this.watchers.add(watcher);
    this.stopTicking ??= monitorTick((tick) => this.tell(tick));
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size > 0) return;
      this.stopTicking?.();
      this.stopTicking = null;
    };
  }

  private tell(tick: Tick): void {
    const activity = { inCalls: this.inCalls, sent: this.sent };
    this.inCalls = new Map();
    this.sent = new Map();
    for (const watcher of this.watchers) watcher(tick, activity);
  }
}

/** There is one to a thread. */
export const loop = new Loop();

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
