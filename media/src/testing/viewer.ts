import { WebSocket } from 'ws';
// What the page itself reads frames with.
import { parseFrame } from '../../page/wire.js';

export interface ViewedFrame {
  readonly number: bigint;
  readonly timestampNs: bigint;
  readonly width: number;
  readonly height: number;
  readonly dropped: number;
  readonly jpeg: Uint8Array;
}

/** A page without a browser: it takes frames when the test says so. */
export class TestViewer {
  /** The code that the connection was closed with. */
  readonly closed: Promise<number>;
  private readonly frames: ViewedFrame[] = [];
  private readonly messages: { readonly type: string }[] = [];
  private wake: () => void = () => {};

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        const frame = parseFrame(Uint8Array.from(data).buffer);
        if (frame === null) throw new Error('not a frame');
        this.frames.push(frame);
      } else this.messages.push(JSON.parse(data.toString()));
      this.wake();
    });
  }

  static async open(url: string): Promise<TestViewer> {
    const viewer = new TestViewer(new WebSocket(`${url.replace('http', 'ws')}frames`));
    await viewer.told('hello');
    return viewer;
  }

  /** The next frame. */
  async frame(): Promise<ViewedFrame> {
    return this.take(() => this.frames.shift());
  }

  /** The next message of that type; others before it are passed over. */
  async told(type: string): Promise<unknown> {
    return this.take(() => {
      const at = this.messages.findIndex((message) => message.type === type);
      return at < 0 ? undefined : this.messages.splice(0, at + 1).at(-1);
    });
  }

  ack(latencies: readonly number[] = []): void {
    this.say({ type: 'ack', latencies_ms: latencies });
  }

  say(message: object): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.socket.send(text);
  }

  private async take<T>(next: () => T | undefined): Promise<T> {
    for (;;) {
      const found = next();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
