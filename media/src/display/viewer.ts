import type { WebSocket } from '@streamlib/serve/websocket';
import { Rate, Recent } from './figures.js';
import { type EncodedFrame, frameHeader, parsePageMessage } from './wire.js';

export interface ViewerStats {
  readonly sent: number;
  readonly dropped: number;
  readonly fps: number;
  /** From capture to the page's canvas. */
  readonly latency_ms: { readonly p50: number; readonly p99: number } | null;
}

export interface ViewerEvents {
  /** It can take a frame. */
  ready(): void;
  gone(): void;
}

/** One page that watches. It has one frame at a time on its way, and gets the newest when it says that it can take one. */
export class Viewer {
  private lastSequence = 0;
  private inFlight = false;
  private alive = true;
  private sent = 0;
  private dropped = 0;
  private readonly rate = new Rate();
  private readonly latency = new Recent();

  constructor(
    private readonly socket: WebSocket,
    private readonly now: () => bigint,
    private readonly events: ViewerEvents,
  ) {
    socket.on('message', (data, isBinary) => this.received(isBinary ? '' : data.toString()));
    socket.on('pong', () => {
      this.alive = true;
    });
    socket.on('close', () => events.gone());
    // `close` follows, and that is all that needs to be known of a page that went away.
    socket.on('error', () => {});
  }

  wants(sequence: number): boolean {
    return !this.inFlight && this.lastSequence < sequence && this.socket.readyState === this.socket.OPEN;
  }

  send(frame: EncodedFrame): void {
    // What came before its first frame was not meant for it.
    if (this.lastSequence > 0) this.dropped += frame.sequence - this.lastSequence - 1;
    this.lastSequence = frame.sequence;
    this.inFlight = true;
    this.sent++;
    this.rate.mark(this.now());
    // Two parts of one message: the JPEG is shared by all viewers, and joining it to a header would copy it.
    this.socket.send(frameHeader(frame, this.dropped), { binary: true, fin: false });
    this.socket.send(frame.jpeg, { binary: true, fin: true });
  }

  tell(message: Readonly<Record<string, unknown>>): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Ends the connection if nothing was heard since the last call. */
  checkAlive(): void {
    if (!this.alive) {
      this.socket.terminate();
      return;
    }
    this.alive = false;
    this.socket.ping();
  }

  stats(): ViewerStats {
    return {
      sent: this.sent,
      dropped: this.dropped,
      fps: this.rate.perSecond(this.now()),
      latency_ms: this.latency.summary(),
    };
  }

  close(): void {
    this.socket.close(1001, 'the display was stopped');
    this.socket.terminate();
  }

  private received(text: string): void {
    const message = parsePageMessage(text);
    if (message === null) {
      this.socket.close(1008, 'not a message of the display page');
      return;
    }
    this.alive = true;
    if (message.type === 'clock') {
      this.tell({ type: 'clock', sent: message.sent, now_ns: String(this.now()) });
      return;
    }
    for (const latency of message.latencies_ms) this.latency.add(latency);
    this.inFlight = false;
    this.events.ready();
  }
}
