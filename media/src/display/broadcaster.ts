import type { Texture } from '@streamlib/host-bridge';
import { toError } from '../errors/media-error.js';
import { Recent } from './figures.js';
import type { EncodedFrame } from './wire.js';

export interface ShownFrame {
  readonly texture: Texture;
  readonly timestamp: bigint;
  readonly number: bigint;
}

export interface FrameTaker {
  wants(sequence: number): boolean;
  send(frame: EncodedFrame): void;
}

export interface Encoder {
  encode(texture: Texture): Promise<Buffer>;
  close(): void;
}

/** Encodes the newest frame whenever somebody can take it, once for all who can. */
export class Broadcaster {
  readonly encodeTimes = new Recent();
  private readonly takers = new Set<FrameTaker>();
  private newest: ShownFrame | null = null;
  private sequence = 0;
  private encoded: EncodedFrame | null = null;
  private encoding: Promise<EncodedFrame> | null = null;
  private failing = false;
  private closed = false;

  constructor(
    private readonly encoder: Encoder,
    /** Told once of failures that follow one another. */
    private readonly onError: (error: Error) => void,
  ) {}

  /** Takes the frame over; the texture is closed here when a newer one has come. */
  offer(frame: ShownFrame): void {
    if (this.closed) {
      frame.texture.close();
      return;
    }
    this.newest?.texture.close();
    this.newest = frame;
    this.sequence++;
    this.serve();
  }

  add(taker: FrameTaker): void {
    this.takers.add(taker);
    this.serve();
  }

  remove(taker: FrameTaker): void {
    this.takers.delete(taker);
  }

  /** To be called when a taker wants frames again. */
  serve(): void {
    if (this.closed || this.encoding !== null || this.newest === null) return;
    const { encoded } = this;
    if (encoded?.sequence === this.sequence) {
      this.deliver(encoded);
      return;
    }
    if (![...this.takers].some((taker) => taker.wants(this.sequence))) return;
    this.encodeNewest(this.newest).then(
      (frame) => {
        this.deliver(frame);
        this.serve();
      },
      (thrown: unknown) => {
        if (!this.failing) this.onError(toError(thrown));
        this.failing = true;
      },
    );
  }

  /** The newest frame as a JPEG; null before the first. */
  async snapshot(): Promise<EncodedFrame | null> {
    while (this.encoding !== null) await this.encoding.catch(() => null);
    if (this.closed || this.newest === null) return null;
    if (this.encoded?.sequence === this.sequence) return this.encoded;
    const frame = await this.encodeNewest(this.newest);
    this.serve();
    return frame;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.takers.clear();
    await this.encoding?.catch(() => null);
    this.newest?.texture.close();
    this.newest = null;
    this.encoder.close();
  }

  private deliver(frame: EncodedFrame): void {
    for (const taker of this.takers) if (taker.wants(frame.sequence)) taker.send(frame);
  }

  private encodeNewest(frame: ShownFrame): Promise<EncodedFrame> {
    const { sequence } = this;
    // A lease of its own: a newer frame may take this one's place meanwhile.
    const texture = frame.texture.clone();
    const { width, height } = texture;
    const began = performance.now();
    this.encoding = this.encoder
      .encode(texture)
      .then((jpeg) => {
        this.failing = false;
        this.encodeTimes.add(performance.now() - began);
        const { number, timestamp } = frame;
        this.encoded = { sequence, number, timestamp, width, height, jpeg };
        return this.encoded;
      })
      .finally(() => {
        texture.close();
        this.encoding = null;
      });
    return this.encoding;
  }
}
