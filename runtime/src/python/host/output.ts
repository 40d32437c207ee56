import { Frame } from '../../flow/frame.js';
import { OutputPort } from '../../flow/output-port.js';
import { Ring } from '../../flow/ring.js';
import type { OutputModel } from '../../graph/ports.js';
import type { Tally } from '../links/tally.js';

type Ack = (frameId: number) => void;

/** How many frames of one output a client may have sent that are not handed on yet. */
export const OUTPUT_WINDOW = 8;
/** An acknowledgement covers all frames before it, and each one is work for the client: half a window's worth goes at once. */
const ACK_EVERY = OUTPUT_WINDOW / 2;

/**
 * An output of a Python processor. A frame is acknowledged when it has been handed to all readers; while a lossless reader
 * is full it waits here, unacknowledged, which in time holds the client back.
 */
export class PythonOutput {
  readonly port: OutputPort;
  private readonly waiting = new Ring<{ frameId: number; frame: Frame; ack: Ack | null }>();
  private ack: Ack | null = null;
  /** Frames handed on since the last acknowledgement. */
  private unacknowledged = 0;
  /** Drops that earlier incarnations of the client counted. */
  private droppedBefore = 0;
  private droppedNow = 0;
  private direct = 0;
  private losing = false;

  constructor(model: OutputModel) {
    this.port = new OutputPort(model.name, model.schema);
    this.port.onRoom = () => this.handOn();
  }

  get idle(): boolean {
    return this.waiting.size === 0;
  }

  open(ack: Ack): void {
    this.ack = ack;
    this.unacknowledged = 0;
  }

  close(): void {
    this.ack = null;
    this.droppedBefore += this.droppedNow;
    this.droppedNow = 0;
    this.direct = 0;
  }

  /** The node has ended for good: what still waits cannot be waited for. */
  dropWaiting(): void {
    for (let item = this.waiting.shift(); item !== undefined; item = this.waiting.shift()) {
      this.port.counters.drop('stopped');
      item.frame.release();
    }
  }

  /** False: the client sent more than its window allows. */
  receive(frameId: number, value: Record<string, unknown>): boolean {
    const frame = new Frame(value, this.port.handles);
    this.losing = false;
    if (this.waiting.size === 0 && !this.port.heldBack) {
      this.port.route(frame);
      this.handedOn(frameId);
      return true;
    }
    if (this.waiting.size >= OUTPUT_WINDOW) {
      frame.release();
      return false;
    }
    this.waiting.push({ frameId, frame, ack: this.ack });
    return true;
  }

  /** A frame that could not be read. True: the first of a row. */
  lost(frameId: number): boolean {
    this.port.counters.drop('no_memory');
    // Its acknowledgement would cover frames before it that wait here: theirs will cover it.
    if (this.waiting.size === 0) this.handedOn(frameId);
    else this.unacknowledged++;
    const first = !this.losing;
    this.losing = true;
    return first;
  }

  /** The client's frames that went to other subprocesses only: counted from the last report to this one. */
  passedDirectly(tally: Tally): void {
    const more = tally.passed - this.direct;
    this.direct = tally.passed;
    if (more > 0) this.port.counters.passDirect(more, 0, 0);
  }

  clientDropped(count: number): void {
    this.droppedNow = count;
    this.port.counters.setDropped('client', this.droppedBefore + count);
  }

  private handOn(): void {
    while (!this.port.heldBack) {
      const item = this.waiting.shift();
      if (item === undefined) return;
      this.port.route(item.frame);
      // A frame of an earlier incarnation means nothing to its successor.
      if (item.ack === this.ack) this.handedOn(item.frameId);
    }
  }

  private handedOn(frameId: number): void {
    this.unacknowledged++;
    if (this.unacknowledged < ACK_EVERY) return;
    this.unacknowledged = 0;
    this.ack?.(frameId);
  }
}
