import { Frame, Packet } from 'node-av';
import {
  AV_NOPTS_VALUE,
  AV_PKT_FLAG_CORRUPT,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { FilterChain } from './filter-chain.js';
import { closeInput, type Input, type Opened, openInput, startOf } from './input.js';
import { errorOf, explain } from './library.js';
import { PictureFilters } from './picture-filters.js';

const SECOND_NS = 1_000_000_000n;
const DEFAULT_FRAME_NS = SECOND_NS / 25n;
/** So many packets in a row without a picture: what follows is noise, not a video with a scratch. */
const MAX_DAMAGED_IN_A_ROW = 100;

export interface Picture {
  /** Borrowed: valid until the next call of `next()` or `close()`. */
  readonly frame: Frame;
  /** Nanoseconds from the beginning of the input. */
  readonly timestamp: bigint;
  readonly duration: bigint;
}

/** The pictures of a video, decoded one by one in the thread pool. */
export class VideoReader {
  private readonly packet = new Packet();
  private readonly frame = new Frame();
  private readonly filters: FilterChain;
  private draining = false;
  /** Whether the filters were told that no more pictures come. */
  private drained = false;
  /** Whether the last packet was not there in full: at the end of a file, that means that more should have followed. */
  private brokeOff = false;
  /** In the stream's ticks; unknown for streams without times, until the first picture. */
  private startTime: bigint | null;
  /** Where the very first picture was; after a seek to the beginning, another one means that it went somewhere else. */
  private firstTimestamp: bigint | null = null;
  /** The time of a seek whose first picture has not come yet. */
  private sought: bigint | null = null;
  private lastEnd = 0n;
  private inARow = 0;
  private closed = false;
  /** Since the beginning or the last `seek()`. */
  private pictures = 0;
  private packets = 0;
  /** Packets that could not be decoded, in all. */
  damaged = 0;

  private constructor(
    private readonly input: Input,
    private opened: Opened,
  ) {
    this.startTime = startOf(opened.stream);
    this.packet.alloc();
    this.frame.alloc();
    const wanted = new PictureFilters(input.wishes);
    this.filters = new FilterChain((picture) => wanted.for(picture));
  }

  static async open(input: Input): Promise<VideoReader> {
    return new VideoReader(input, await openInput(input));
  }

  /** The next picture, or null at the end. A damaged packet is passed over; a video that breaks off is an error. */
  async next(): Promise<Picture | null> {
    for (;;) {
      const filtered = await this.filters.pull();
      if (filtered !== null) return { frame: filtered, timestamp: filtered.pts, duration: filtered.duration };
      if (this.drained) return this.end();
      const received = await this.opened.decoder.receiveFrame(this.frame);
      if (received >= 0) {
        const picture = this.timed();
        if (this.isAstray(picture)) await this.reopen();
        else await this.filters.push(picture);
      } else if (received === AVERROR_EOF && this.sought !== null && this.pictures === 0) {
        await this.reopen();
      } else if (received === AVERROR_EOF) {
        this.drained = true;
        await this.filters.push(null);
      } else if (received !== AVERROR_EAGAIN) this.countDamage(received);
      else await this.feed();
    }
  }

  /** Whether the input is a single picture, not a video. */
  get isStill(): boolean {
    const name = this.opened.container.iformat?.name ?? '';
    return name === 'image2' || name.endsWith('_pipe');
  }

  /**
   * Goes on at a time of the input, in nanoseconds, or at a picture before it: by a seek, or by opening the input anew where it
   * cannot seek (single pictures, streams without an index).
   */
  async seek(time: bigint): Promise<void> {
    const { container, stream, decoder } = this.opened;
    const { num, den } = stream.timeBase;
    const ticks = (time * BigInt(den)) / (BigInt(num) * SECOND_NS);
    const sought = await container.seekFrame(
      stream.index,
      (this.startTime ?? 0n) + ticks,
      AVSEEK_FLAG_BACKWARD,
    );
    if (sought < 0) {
      await this.reopen();
      return;
    }
    decoder.flushBuffers();
    this.beginAgain();
    this.sought = time;
  }

  private async reopen(): Promise<void> {
    await closeInput(this.opened);
    this.opened = await openInput(this.input);
    this.startTime = startOf(this.opened.stream);
    this.beginAgain();
  }

  private beginAgain(): void {
    this.filters.reset();
    this.draining = false;
    this.drained = false;
    this.brokeOff = false;
    this.sought = null;
    this.lastEnd = 0n;
    this.pictures = 0;
    this.packets = 0;
  }

  /** Whether this is the first picture after a seek, and later than what was sought. */
  private isAstray(picture: Frame): boolean {
    if (this.pictures !== 1) return false;
    if (this.sought === null) {
      this.firstTimestamp ??= picture.pts;
      return false;
    }
    const first = this.firstTimestamp ?? 0n;
    return picture.pts > (this.sought > first ? this.sought : first);
  }

  /** Ends a `next()` that waits for a device. */
  interrupt(): void {
    if (!this.closed) this.opened.container.interrupt();
  }

  /** Not while a `next()` is under way. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.filters.close();
    this.frame.free();
    this.packet.free();
    await closeInput(this.opened);
  }

  /** Hands the decoder one packet, or tells it that there are no more. */
  private async feed(): Promise<void> {
    if (this.draining) return;
    let read: number;
    do {
      this.packet.unref();
      read = await this.opened.container.readFrame(this.packet);
      if (read >= 0) this.brokeOff = this.packet.hasFlags(AV_PKT_FLAG_CORRUPT);
    } while (read >= 0 && this.packet.streamIndex !== this.opened.stream.index);
    if (read === AVERROR_EAGAIN) return;
    if (read === AVERROR_EOF) {
      this.draining = true;
      await this.opened.decoder.sendPacket(null);
      return;
    }
    if (read < 0) throw this.corrupt(`it breaks off after ${seconds(this.lastEnd)} s`, errorOf(read));
    this.packets++;
    const sent = await this.opened.decoder.sendPacket(this.packet);
    this.packet.unref();
    if (sent < 0 && sent !== AVERROR_EAGAIN) this.countDamage(sent);
  }

  private end(): null {
    if (this.pictures === 0) throw this.corrupt('not one picture of it could be decoded');
    if (this.brokeOff || this.isShort()) throw this.corrupt(`it breaks off after ${seconds(this.lastEnd)} s`);
    return null;
  }

  /** The picture that was decoded, with its time in nanoseconds from the beginning. */
  private timed(): Frame {
    this.inARow = 0;
    this.pictures++;
    const { num, den } = this.opened.stream.timeBase;
    const toNs = (ticks: bigint) => (ticks * BigInt(num) * SECOND_NS) / BigInt(den);
    const at = this.frame.bestEffortTimestamp;
    let timestamp = this.lastEnd;
    if (at !== AV_NOPTS_VALUE) {
      this.startTime ??= at;
      timestamp = toNs(at - this.startTime);
    }
    const duration = this.frame.duration > 0n ? toNs(this.frame.duration) : this.frameInterval();
    this.lastEnd = timestamp + duration;
    this.frame.pts = timestamp;
    this.frame.duration = duration;
    return this.frame;
  }

  /**
   * Whether there is less than an AVI's header promises: FFmpeg passes over what was cut off from its end without a word. Other
   * containers either tell it of the last packet, or may have good reasons to leave some out.
   */
  private isShort(): boolean {
    const promised = Number(this.opened.stream.nbFrames);
    return this.opened.container.iformat?.name === 'avi' && this.packets < promised * 0.9;
  }

  private frameInterval(): bigint {
    const { num, den } = this.opened.stream.avgFrameRate;
    return num > 0 && den > 0 ? (SECOND_NS * BigInt(den)) / BigInt(num) : DEFAULT_FRAME_NS;
  }

  private countDamage(code: number): void {
    this.damaged++;
    if (++this.inARow >= MAX_DAMAGED_IN_A_ROW)
      throw this.corrupt(
        `${this.inARow} packets in a row cannot be decoded: ${explain(code)}`,
        errorOf(code),
      );
  }

  private corrupt(what: string, cause?: Error): MediaError {
    return new MediaError('corrupt', `${this.input.name} is damaged: ${what}`, { cause });
  }
}

function seconds(ns: bigint): string {
  return (Number(ns) / 1e9).toFixed(1);
}
