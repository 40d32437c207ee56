import type { Colour, PixelFormat, SharedBuffer, Texture } from '@streamlib/host-bridge';
import type { FrameValue, OutputHandle } from '@streamlib/processor';
import { loop } from '../../base/loop/loop.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { Frame } from '../../flow/frame.js';
import type { Handle } from '../../flow/handles.js';
import type { OutputPort } from '../../flow/output-port.js';
import type { Loans } from './loans.js';

/** An output as its processor sees it. */
export class LocalOutput implements OutputHandle {
  private readonly loaned = new WeakSet<Handle>();
  private open = true;

  constructor(
    private readonly node: string,
    private readonly port: OutputPort,
    private readonly loans: Loans,
  ) {}

  get connected(): boolean {
    return this.port.connected;
  }

  set(value: FrameValue): boolean {
    loop.countSent(this.node);
    if (this.open && !this.port.heldBack) {
      this.port.route(new Frame(this.adopt(value), this.port.handles));
      return true;
    }
    this.giveUp(value, this.open ? 'held_back' : 'stopped');
    return false;
  }

  async write(value: FrameValue): Promise<void> {
    loop.countSent(this.node);
    // A source that does nothing but write would never let anything else have its turn.
    if (loop.isDue()) await loop.nextTurn();
    while (this.open && this.port.heldBack) await this.port.whenRoom();
    if (!this.open) {
      this.giveUp(value, 'stopped');
      throw new StreamlibError(
        'stopped',
        `${this.node}.${this.port.name}: the node was stopped while it waited to write`,
      );
    }
    this.port.route(new Frame(this.adopt(value), this.port.handles));
  }

  texture(width: number, height: number, format?: PixelFormat, colour?: Partial<Colour>): Texture | null {
    return this.loan(() => this.loans.texture(width, height, format, colour));
  }

  buffer(byteLength: number): SharedBuffer | null {
    return this.loan(() => this.loans.buffer(byteLength));
  }

  dropped(reason: string, count = 1): void {
    this.port.counters.drop(reason, count);
  }

  /** No frame leaves any more; whoever waits in `write()` is let go. */
  close(): void {
    this.open = false;
    this.port.wakeWriters();
  }

  private loan<H extends Handle>(get: () => H | null): H | null {
    let handle = get();
    // Frames that a slow reader has queued are not worth more than one for everybody.
    while (handle === null && this.port.reclaim()) handle = get();
    if (handle === null && this.loans.grow()) handle = get();
    if (handle === null) this.port.starvedSince ??= performance.now();
    else {
      this.port.starvedSince = null;
      this.loaned.add(handle);
    }
    return handle;
  }

  /** What was loaned here moves into the frame; any other handle is shared by a clone. */
  private adopt(value: FrameValue): FrameValue {
    return this.port.handles.adopt(value, (handle) => this.loaned.delete(handle));
  }

  private giveUp(value: FrameValue, reason: string): void {
    this.port.counters.drop(reason);
    this.port.handles.each(value, (handle) => {
      if (this.loaned.delete(handle)) handle.close();
    });
  }
}
