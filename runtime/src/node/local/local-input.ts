import type { Delivery } from '@streamlib/processor';
import { ageNs } from '../../flow/age.js';
import { PortCounters } from '../../flow/counters.js';
import type { Frame } from '../../flow/frame.js';
import { Histogram } from '../../flow/histogram.js';
import type { OutputPort } from '../../flow/output-port.js';
import type { InputProbe } from '../../flow/probe.js';
import { DeliveryQueue } from '../../flow/queue.js';
import type { InputModel } from '../../graph/ports.js';
import type { NodeInput } from '../node.js';

/** Where frames wait for a processor that runs in this process. */
export class LocalInput implements NodeInput {
  readonly name: string;
  lossless: boolean;
  readonly counters = new PortCounters();
  /** Age of frames when they were taken here. */
  readonly latency = new Histogram();
  probe: InputProbe | undefined = undefined;
  private queue: DeliveryQueue<Frame>;
  private upstream: OutputPort | null = null;
  private open = true;
  private readonly timed: boolean;

  constructor(
    private readonly model: InputModel,
    private readonly onFrame: () => void,
  ) {
    this.name = model.name;
    this.lossless = model.delivery === 'lossless';
    this.timed = model.schema.fields.some((field) => field.name === 'timestamp_ns' && field.type === 'Int64');
    this.queue = this.makeQueue(model.delivery, model.queue);
  }

  /** Not while it is connected: what is on the output's list of lossless readers would be wrong. */
  adapt(delivery: Delivery, queue: number): boolean {
    if (this.queue.delivery === delivery && this.queue.capacity === (delivery === 'latest' ? 1 : queue))
      return true;
    const before = this.queue;
    this.queue = this.makeQueue(delivery, queue);
    this.lossless = delivery === 'lossless';
    for (let frame = before.take(); frame !== undefined; frame = before.take()) this.offer(frame);
    return true;
  }

  private makeQueue(delivery: Delivery, capacity: number): DeliveryQueue<Frame> {
    const reason = delivery === 'latest' ? 'replaced' : 'overflow';
    return new DeliveryQueue(delivery, capacity, (frame) => this.drop(frame, reason));
  }

  get full(): boolean {
    return this.open && this.queue.full;
  }

  get waiting(): number {
    return this.queue.size;
  }

  get keeps(): number {
    return this.model.keep ?? 0;
  }

  get holds(): number {
    return this.queue.capacity + 1;
  }

  get queued(): number {
    return this.queue.size;
  }

  dropOldest(): void {
    const frame = this.queue.take();
    if (frame !== undefined) this.drop(frame, 'overflow');
  }

  bind(upstream: OutputPort | null): void {
    this.upstream = upstream;
  }

  offer(frame: Frame): void {
    if (!this.open) {
      this.drop(frame, 'stopped');
      return;
    }
    if (!this.queue.offer(frame)) {
      this.drop(frame, 'overflow');
      return;
    }
    this.onFrame();
  }

  take(): Frame | undefined {
    const wasFull = this.lossless && this.queue.full;
    const frame = this.queue.take();
    if (frame === undefined) return undefined;
    this.counters.pass();
    if (this.timed) {
      const at = frame.value.timestamp_ns;
      if (typeof at === 'bigint') this.latency.record(ageNs(at, this.counters.lastAt));
    }
    if (this.probe !== undefined) this.probe.taken(frame);
    if (wasFull) this.upstream?.roomMade();
    return frame;
  }

  private drop(frame: Frame, reason: string): void {
    this.counters.drop(reason);
    if (this.probe !== undefined) this.probe.dropped(frame, reason);
    frame.release();
  }

  /** Takes no more; what waits is dropped, and a producer that was held back goes on. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.queue.clear((frame) => this.drop(frame, 'stopped'));
    this.upstream?.roomMade();
  }
}
