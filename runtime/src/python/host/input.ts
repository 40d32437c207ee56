import type { Schema } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import { toError } from '../../base/streamlib-error.js';
import { ageNs } from '../../flow/age.js';
import { PortCounters } from '../../flow/counters.js';
import { windowOf } from '../../flow/delivery.js';
import type { Frame } from '../../flow/frame.js';
import { Histogram } from '../../flow/histogram.js';
import type { OutputPort } from '../../flow/output-port.js';
import type { InputProbe } from '../../flow/probe.js';
import { Ring } from '../../flow/ring.js';
import { SendWindow } from '../../flow/window.js';
import type { InputModel } from '../../graph/ports.js';
import type { NodeInput } from '../../node/node.js';

/** What an input sends through: the direct channel of the subprocess that is ready at the moment. */
export interface FrameSender {
  /** False: the socket is full, nothing was sent. */
  sendFrame(port: number, frameId: number, value: object): boolean;
  /** The broker's name of the channel. */
  readonly connectionId?: string | null;
}

/** How soon a frame is tried again for which the socket had no room; acknowledgements usually come first. */
const RETRY_MS = 1;

/**
 * An input of a Python processor: the gate, the queue and the window in front of its subprocess.
 *
 * The gate is a plug, not a queue: while there is no ready subprocess, frames are dropped and counted. A lossless input is
 * the exception that its name asks for: it holds its producer back instead, so there is nothing to drop or to buffer.
 */
export class PythonInput implements NodeInput {
  readonly name: string;
  readonly schema: Schema;
  readonly delivery: Delivery;
  readonly lossless: boolean;
  readonly windowSize: number;
  readonly counters = new PortCounters();
  /** Age of frames when they were sent to the subprocess. */
  readonly latency = new Histogram();
  readonly capacity: number;
  readonly keeps: number;
  private readonly pending = new Ring<Frame>();
  private readonly timed: boolean;
  /** Where its frames come from, if not from here. */
  link: { readonly waiting: number } | null = null;
  probe: InputProbe | undefined = undefined;
  private window: SendWindow;
  private sender: FrameSender | null = null;
  private upstream: OutputPort | null = null;
  private nextFrameId = 0;
  private over = false;
  private retry: NodeJS.Timeout | null = null;
  /** Frames that earlier incarnations of the client could not read, and this one. */
  private unreadBefore = 0;
  private unreadNow = 0;

  constructor(
    model: InputModel,
    private readonly index: number,
    private readonly onError: (message: string, error: Error) => void,
  ) {
    this.name = model.name;
    this.schema = model.schema;
    this.delivery = model.delivery;
    this.lossless = model.delivery === 'lossless';
    this.windowSize = windowOf(model);
    this.capacity = model.delivery === 'latest' ? 1 : model.queue;
    this.keeps = model.keep ?? 0;
    this.window = new SendWindow(this.windowSize);
    this.timed = model.schema.fields.some((field) => field.name === 'timestamp_ns' && field.type === 'Int64');
  }

  get full(): boolean {
    if (!this.lossless || this.over) return false;
    // Nothing is queued in front of a lossless input beyond what its window lets through.
    return this.sender === null || this.window.outstanding + this.pending.size >= this.capacity;
  }

  get waiting(): number {
    return this.pending.size + this.window.outstanding + (this.link?.waiting ?? 0);
  }

  get holds(): number {
    return this.windowSize + this.capacity;
  }

  get queued(): number {
    return this.pending.size;
  }

  dropOldest(): void {
    const oldest = this.pending.shift();
    if (oldest !== undefined) this.drop(oldest, this.delivery === 'latest' ? 'replaced' : 'overflow');
  }

  get idle(): boolean {
    return this.pending.size === 0 && this.window.outstanding === 0;
  }

  bind(upstream: OutputPort | null): void {
    this.upstream = upstream;
  }

  /** The client has been told how this input treats frames, so a change takes a new one. */
  adapt(delivery: Delivery, queue: number): boolean {
    return delivery === this.delivery && (delivery === 'latest' || queue === this.capacity);
  }

  /** A subprocess is ready: frames flow. */
  open(sender: FrameSender): void {
    this.sender = sender;
    this.window = new SendWindow(this.windowSize);
    if (this.lossless) this.upstream?.roomMade();
  }

  /** What the subprocess counts, since it began, of frames that the system gave it no memory to read. */
  clientLost(count: number): void {
    if (count === this.unreadNow) return;
    this.unreadNow = count;
    this.counters.setDropped('no_memory', this.unreadBefore + count);
  }

  /** The subprocess is gone; what waited for it is dropped. `over`: there will be no other. */
  close(over: boolean): void {
    this.sender = null;
    this.unreadBefore += this.unreadNow;
    this.unreadNow = 0;
    this.over ||= over;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    // What the subprocess had not finished when it went is lost with it, and must not look delivered.
    if (this.window.outstanding > 0) this.counters.drop('lost', this.window.outstanding);
    if (this.probe !== undefined) this.probe.lost();
    this.window = new SendWindow(this.windowSize);
    for (let frame = this.pending.shift(); frame !== undefined; frame = this.pending.shift()) {
      this.drop(frame, over ? 'stopped' : 'not_ready');
    }
    if (over) this.upstream?.roomMade();
  }

  offer(frame: Frame): void {
    if (this.sender === null) {
      this.drop(frame, this.over ? 'stopped' : 'not_ready');
      return;
    }
    if (this.pending.size === 0 && this.window.open && this.send(frame)) return;
    if (this.pending.size >= this.capacity) {
      this.dropOldest();
    }
    this.pending.push(frame);
  }

  /** The client has finished with a frame. */
  acked(frameId: number): void {
    if (!this.window.acked(frameId)) return;
    if (this.probe !== undefined) this.probe.acked(frameId);
    this.flush();
    if (this.lossless) this.upstream?.roomMade();
  }

  private flush(): void {
    while (this.sender !== null && this.window.open) {
      const frame = this.pending.peek();
      if (frame === undefined || !this.send(frame)) return;
      this.pending.shift();
    }
  }

  /** False: the frame has to wait for room in the socket. Otherwise it has been let go of, sent or not. */
  private send(frame: Frame): boolean {
    if (this.sender === null) return false;
    const frameId = this.nextFrameId;
    try {
      if (!this.sender.sendFrame(this.index, frameId, frame.value)) {
        this.retry ??= setTimeout(() => {
          this.retry = null;
          this.flush();
        }, RETRY_MS);
        return false;
      }
    } catch (thrown) {
      const error = toError(thrown);
      const from = this.upstream === null ? '' : ` from output "${this.upstream.name}"`;
      this.onError(`a frame${from} could not be sent to input "${this.name}"`, error);
      this.drop(frame, 'error');
      return true;
    }
    this.nextFrameId++;
    this.window.sent(frameId);
    this.counters.pass();
    if (this.probe !== undefined) this.probe.lent(frame, frameId, this.sender.connectionId ?? null);
    if (this.timed) {
      const at = frame.value.timestamp_ns;
      if (typeof at === 'bigint') this.latency.record(ageNs(at, this.counters.lastAt));
    }
    // The connection keeps the memory leased until the client gives it back.
    frame.release();
    return true;
  }

  private drop(frame: Frame, reason: string): void {
    this.counters.drop(reason);
    if (this.probe !== undefined) this.probe.dropped(frame, reason);
    frame.release();
  }
}
