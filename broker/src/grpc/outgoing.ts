import type { ServerWritableStream } from '@grpc/grpc-js';
import type { CallError } from './calls.js';

/** A source of messages for one stream: null when there is nothing to send now, `end` when there will be nothing more. */
export type NextMessage<T> = () => T | 'end' | null;

/**
 * One server stream. It takes a message from its source only when the peer has room for it, so that nothing piles up here
 * for a peer that reads slowly: what waits, waits in the source, which has a limit.
 */
export class Outgoing<T> {
  private pumping = false;
  private full = false;
  private over = false;

  constructor(
    private readonly call: ServerWritableStream<never, T>,
    private readonly next: NextMessage<T>,
    private readonly errorOf: (error: unknown) => CallError,
    private readonly onOver: () => void,
  ) {
    call.on('drain', () => {
      this.full = false;
      this.pump();
    });
    // The peer cancelled, or is gone.
    call.on('cancelled', () => this.finish());
    call.on('close', () => this.finish());
  }

  /** To be called when the source may have something. */
  pump(): void {
    if (this.pumping || this.over) return;
    this.pumping = true;
    try {
      while (!this.full && !this.over) {
        const message = this.next();
        if (message === null) return;
        if (message === 'end') {
          this.finish();
          this.call.end();
        } else this.full = !this.call.write(message);
      }
    } catch (error) {
      this.fail(this.errorOf(error));
    } finally {
      this.pumping = false;
    }
  }

  fail(error: CallError): void {
    if (this.over) return;
    this.finish();
    this.call.emit('error', error);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.onOver();
  }
}
