import type { Schema } from '@streamlib/host-bridge';
import { PortCounters } from './counters.js';
import type { Frame } from './frame.js';
import { HandleFields } from './handles.js';
import type { OutputProbe } from './probe.js';

/** The far end of a link: an input of some node. */
export interface Reader {
  readonly lossless: boolean;
  /** Only a lossless reader is ever full, and none that has stopped. */
  readonly full: boolean;
  /** Takes over one reference to the frame. Never blocks and never throws. */
  offer(frame: Frame): void;
  /** How many frames it holds at most, queued and in work. */
  readonly holds?: number;
  /** How many its code keeps besides, as it has asked for. */
  readonly keeps?: number;
  /** How many it holds that it could do without. */
  readonly queued?: number;
  /** Drops and counts the oldest of these. */
  dropOldest?(): void;
}

/** Hands each frame of one output to every reader. A slow reader drops in its own queue and delays nobody; a lossless one holds the producer back. */
export class OutputPort {
  readonly counters = new PortCounters();
  readonly handles: HandleFields;
  /** Replaced, not changed: a reader may leave while a frame is being handed round. */
  private readers: readonly Reader[] = [];
  private lossless: readonly Reader[] = [];
  private waiting: (() => void)[] = [];
  private expected = false;
  /** Whether the producer waits when it is asked to: another process has to be told before it starts. */
  canWait = true;
  /** Since when its pool has had no free slot, in milliseconds of `performance.now()`; null while it has one. */
  starvedSince: number | null = null;
  /** Undefined while traces are off. */
  probe: OutputProbe | undefined = undefined;
  /** Called each time a lossless reader has room again. */
  onRoom: () => void = () => {};
  /** Called each time a reader came or went. */
  onReaders: () => void = () => {};

  constructor(
    readonly name: string,
    readonly schema: Schema,
  ) {
    this.handles = new HandleFields(schema);
  }

  get connected(): boolean {
    return this.readers.length > 0;
  }

  /** Whether a lossless reader hangs on this port, or will: its producer may be asked to wait. */
  get blocking(): boolean {
    return this.expected || this.lossless.length > 0;
  }

  /** A lossless reader will come while the producer runs. */
  expectLossless(): void {
    this.expected = true;
  }

  get heldBack(): boolean {
    for (const reader of this.lossless) if (reader.full) return true;
    return false;
  }

  /** How many frames the readers hold at most. */
  get holds(): number {
    return this.readers.reduce((sum, reader) => sum + (reader.holds ?? 1), 0);
  }

  /** How many frames the code of the readers keeps besides. */
  get keeps(): number {
    return this.readers.reduce((sum, reader) => sum + (reader.keeps ?? 0), 0);
  }

  /** Takes a frame from the reader that has most queued: its memory is wanted for one that goes to all. False: there is none. */
  reclaim(): boolean {
    let slowest: Reader | null = null;
    for (const reader of this.readers) {
      if (!reader.lossless && (reader.queued ?? 0) > (slowest?.queued ?? 0)) slowest = reader;
    }
    slowest?.dropOldest?.();
    return slowest !== null;
  }

  connect(reader: Reader): void {
    this.readers = [...this.readers, reader];
    if (reader.lossless) this.lossless = [...this.lossless, reader];
    this.onReaders();
  }

  /** It gets no further frame; a producer that only this reader held back goes on. */
  disconnect(reader: Reader): void {
    if (!this.readers.includes(reader)) return;
    this.readers = this.readers.filter((other) => other !== reader);
    this.lossless = this.lossless.filter((other) => other !== reader);
    this.onReaders();
    this.roomMade();
  }

  /** Gives every reader its reference and lets go of the caller's. Not to be called while `heldBack`. */
  route(frame: Frame): void {
    this.counters.frames++;
    if (this.probe !== undefined) this.probe.sent(frame);
    const { readers } = this;
    const last = readers.length - 1;
    if (last < 0) {
      frame.release();
      return;
    }
    // The caller's reference goes to the last reader. All are taken first: a reader may be done before the next one is asked.
    for (let i = 0; i < last; i++) frame.retain();
    for (const reader of readers) reader.offer(frame);
  }

  /** A lossless reader tells that it is no longer full. */
  roomMade(): void {
    if (this.heldBack) return;
    this.wakeWriters();
    this.onRoom();
  }

  /** Settles when there may be room: the caller looks again, another one may have been faster. */
  whenRoom(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  wakeWriters(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const wake of woken) wake();
  }
}
