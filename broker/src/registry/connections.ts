import type { Clock } from '../clock/clock.js';
import { BrokerError } from '../errors/broker-error.js';
import {
  adopt,
  apply,
  type ConnectionEvent,
  type ConnectionRecord,
  createRecord,
  type DerivedState,
  derivedState,
  finalSince,
  isFinal,
  type LiveConnectionState,
  type NewConnection,
  type Outcome,
  type Refusal,
} from '../state-machine/index.js';
import { ChangeFeed, type ChangeListener } from './changes.js';
import { mintId } from './ids.js';

export interface ConnectionLimits {
  /** Connections that neither failed nor were closed. */
  readonly maxConnections: number;
  readonly timeoutSecs: number;
  /** How long an ended record stays visible. */
  readonly graceMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxConnections: 4096,
  timeoutSecs: 300,
  graceMs: 60_000,
};

export interface ConnectionCounts {
  readonly live: number;
  readonly ready: number;
  readonly pending: number;
  readonly failed: number;
}

/** All connections. Whoever changes one, gRPC, relay or monitor, does it here, and so through the state machine. */
export class Connections {
  private readonly records = new Map<string, ConnectionRecord>();
  private readonly feed = new ChangeFeed();
  private live = 0;
  /** How many records are in which state: asked for with every look at the broker, which must not walk through all of them. */
  private readonly byState = new Map<DerivedState, number>();
  /** Ended because their runtime was thought to be gone. */
  private readonly lost = new Set<string>();

  constructor(
    private readonly clock: Clock,
    readonly limits: ConnectionLimits = defaultConnectionLimits,
  ) {}

  /** `timeoutSecs` 0: the default. */
  allocate(connection: Omit<NewConnection, 'id'>): ConnectionRecord {
    this.checkRoom();
    const now = this.clock.now();
    const timeoutSecs = connection.timeoutSecs || this.limits.timeoutSecs;
    const record = createRecord({ ...connection, timeoutSecs, id: mintId() }, now);
    this.add(record, now);
    return record;
  }

  /** Takes over a connection that an earlier broker made; gives the reason if that cannot be. */
  adopt(live: LiveConnectionState): string | null {
    const { id, runtimeId } = live.connection;
    const known = this.records.get(id);
    if (known !== undefined) {
      if (known.runtimeId !== runtimeId) return 'it belongs to another runtime';
      if (!isFinal(known)) return null;
      if (!this.lost.has(id)) return 'it has ended here; allocate a new connection';
      // The runtime was only suspended, and its channels with it: its connections go on, under new records.
      this.remove(known, this.clock.now());
    }
    this.checkRoom();
    const now = this.clock.now();
    const timeoutSecs = live.connection.timeoutSecs || this.limits.timeoutSecs;
    const adopted = adopt({ ...live, connection: { ...live.connection, timeoutSecs } }, now);
    if ('reason' in adopted) return adopted.reason;
    this.add(adopted, now);
    return null;
  }

  get(id: string): ConnectionRecord | null {
    return this.records.get(id) ?? null;
  }

  /** Null: no such connection. */
  apply(id: string, event: ConnectionEvent): Outcome | null {
    const before = this.records.get(id);
    if (before === undefined) return null;
    const now = this.clock.now();
    const outcome = apply(before, event, now);
    if ('refusal' in outcome || outcome.record === before) return outcome;
    this.replace(before, outcome.record, now);
    return outcome;
  }

  /** As `apply`, for callers to whom a refusal is an error. */
  require(id: string, event: ConnectionEvent): ConnectionRecord {
    const outcome = this.apply(id, event);
    if (outcome === null) throw connectionNotFound(id);
    if ('refusal' in outcome) throw refused(outcome.refusal);
    return outcome.record;
  }

  list(): IterableIterator<ConnectionRecord> {
    return this.records.values();
  }

  counts(): ConnectionCounts {
    const ready = this.byState.get('ready') ?? 0;
    const failed = this.byState.get('failed') ?? 0;
    return { live: this.live, ready, pending: this.live - ready, failed };
  }

  /** The runtime says that it goes. Gives the number of connections that ended by it. */
  closeOfRuntime(runtimeId: string): number {
    return this.endAll(runtimeId, { type: 'closed', reason: 'shutdown' }).length;
  }

  /** The runtime is gone, as far as the broker can tell. */
  loseRuntime(runtimeId: string, reason: string): void {
    for (const id of this.endAll(runtimeId, { type: 'side_failed', side: 'host', reason })) this.lost.add(id);
  }

  private endAll(runtimeId: string, end: ConnectionEvent): string[] {
    const ended: string[] = [];
    for (const record of [...this.records.values()]) {
      if (record.runtimeId !== runtimeId || isFinal(record)) continue;
      this.apply(record.id, end);
      ended.push(record.id);
    }
    return ended;
  }

  /** Fails the handshakes whose time is over. */
  checkDeadlines(): ConnectionRecord[] {
    const failed: ConnectionRecord[] = [];
    for (const record of [...this.records.values()]) {
      if (isFinal(record)) continue;
      const outcome = this.apply(record.id, { type: 'deadline' });
      if (outcome !== null && 'record' in outcome && isFinal(outcome.record)) failed.push(outcome.record);
    }
    return failed;
  }

  /** Drops the ended records whose grace period is over. */
  sweep(): number {
    const now = this.clock.now();
    let removed = 0;
    for (const record of [...this.records.values()]) {
      const since = finalSince(record);
      if (since === null || now - since < this.limits.graceMs) continue;
      this.remove(record, now);
      removed++;
    }
    return removed;
  }

  subscribe(listener: ChangeListener): () => void {
    return this.feed.subscribe(listener);
  }

  get lastSequence(): number {
    return this.feed.lastSequence;
  }

  private checkRoom(): void {
    if (this.live >= this.limits.maxConnections)
      throw new BrokerError(
        'exhausted',
        `The broker has ${this.live} connections, its limit; close some (see "streamlib broker connections"), or start the broker with a larger --max-connections`,
      );
    // Ended records are kept for people to look at, not at the price of unbounded memory when connections come and go fast.
    if (this.records.size < 2 * this.limits.maxConnections) return;
    const now = this.clock.now();
    for (const record of this.records.values()) {
      if (!isFinal(record)) continue;
      this.remove(record, now);
      return;
    }
  }

  private add(record: ConnectionRecord, now: number): void {
    this.records.set(record.id, record);
    this.live++;
    this.count(derivedState(record), 1);
    this.feed.tell({ at: now, kind: 'created', record, previous: null });
  }

  private replace(before: ConnectionRecord, after: ConnectionRecord, now: number): void {
    this.records.set(after.id, after);
    if (isFinal(after) && !isFinal(before)) this.live--;
    const previous = derivedState(before);
    const state = derivedState(after);
    this.count(previous, -1);
    this.count(state, 1);
    const changed =
      state !== previous ||
      after.host.state !== before.host.state ||
      after.client.state !== before.client.state;
    if (changed) this.feed.tell({ at: now, kind: 'changed', record: after, previous });
  }

  private remove(record: ConnectionRecord, now: number): void {
    this.records.delete(record.id);
    this.lost.delete(record.id);
    if (!isFinal(record)) this.live--;
    const previous = derivedState(record);
    this.count(previous, -1);
    this.feed.tell({ at: now, kind: 'removed', record, previous });
  }

  private count(state: DerivedState, change: number): void {
    this.byState.set(state, (this.byState.get(state) ?? 0) + change);
  }
}

export function connectionNotFound(id: string): BrokerError {
  return new BrokerError(
    'not_found',
    `Connection ${id} is not known: it ended more than a minute ago, was never allocated, or the broker was restarted and its runtime has not registered again yet. Check STREAMLIB_CONNECTION_ID, or call AllocateConnection`,
  );
}

function refused(refusal: Refusal): BrokerError {
  return new BrokerError('precondition', refusal.message);
}
