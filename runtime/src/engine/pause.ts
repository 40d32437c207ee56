import type { Delivery } from '@streamlib/processor';
import type { Frame } from '../flow/frame.js';
import type { OutputPort, Reader } from '../flow/output-port.js';
import { DeliveryQueue } from '../flow/queue.js';
import type { NodeInput } from '../node/node.js';

/** Sits on an output in place of an input that is being changed, and keeps for it what its queue would have kept. */
export class Pause implements Reader {
  readonly lossless: boolean;
  dropped = 0;
  private readonly queue: DeliveryQueue<Frame>;

  constructor(
    private readonly output: OutputPort,
    delivery: Delivery,
    queue: number,
  ) {
    this.lossless = delivery === 'lossless';
    this.queue = new DeliveryQueue(delivery, queue, (frame) => {
      this.dropped++;
      frame.release();
    });
    output.connect(this);
  }

  get full(): boolean {
    return this.lossless && this.queue.full;
  }

  offer(frame: Frame): void {
    if (this.queue.offer(frame)) return;
    this.dropped++;
    frame.release();
  }

  /** Hands over to an input: what waited first, then what comes. Null: to nobody. */
  end(input: NodeInput | null): void {
    const kept: Frame[] = [];
    this.queue.clear((frame) => kept.push(frame));
    if (input === null) for (const frame of kept) frame.release();
    else {
      input.bind(this.output);
      for (const frame of kept) input.offer(frame);
      this.output.connect(input);
    }
    this.output.disconnect(this);
  }
}
