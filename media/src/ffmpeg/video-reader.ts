import { basename } from 'node:path';
import {
  type Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Frame,
  type InputFormat,
  Packet,
  type Stream,
} from 'node-av';
import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AV_PKT_FLAG_CORRUPT,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { FilterChain } from './filter-chain.js';
import { check, errorOf, explain, forgetWords, listenToFFmpeg, wordsHeard } from './library.js';
import { type Deinterlace, PictureFilters } from './picture-filters.js';

const SECOND_NS = 1_000_000_000n;
const DEFAULT_FRAME_NS = SECOND_NS / 25n;
/** So many packets in a row without a picture: what follows is noise, not a video with a scratch. */
const MAX_DAMAGED_IN_A_ROW = 100;

export interface Input {
  /** What FFmpeg opens. */
  readonly url: string;
  /** How errors call it. */
  readonly name: string;
  readonly format?: InputFormat;
  readonly options?: Readonly<Record<string, string>>;
  /** A device wants its pictures at once, a file wants all cores. */
  readonly live?: boolean;
  /** Default: `auto`. */
  readonly deinterlace?: Deinterlace;
}

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
  private lastEnd = 0n;
  private inARow = 0;
  private closed = false;
  /** Since the beginning or the last `rewind()`. */
  private pictures = 0;
  private packets = 0;
  /** Packets that could not be decoded, in all. */
  damaged = 0;

  private constructor(
    private readonly input: Input,
    private readonly container: FormatContext,
    private readonly stream: Stream,
    private readonly decoder: CodecContext,
    private startTime: bigint | null,
  ) {
    this.packet.alloc();
    this.frame.alloc();
    const wanted = new PictureFilters(input.deinterlace);
    this.filters = new FilterChain((picture) => wanted.for(picture));
  }

  static async open(input: Input): Promise<VideoReader> {
    listenToFFmpeg();
    forgetWords();
    const container = new FormatContext();
    const options = input.options === undefined ? null : Dictionary.fromObject({ ...input.options });
    try {
      const opened = await container.openInput(input.url, input.format ?? null, options);
      if (opened < 0) throw await notAVideo(input, opened);
      const probed = await container.findStreamInfo();
      if (probed < 0) throw await notAVideo(input, probed);
      const { stream, codec } = pickStream(container, input);
      const decoder = await openDecoder(stream, codec, input);
      const start = stream.startTime;
      return new VideoReader(input, container, stream, decoder, start === AV_NOPTS_VALUE ? null : start);
    } catch (error) {
      await container.closeInput();
      throw error;
    } finally {
      options?.free();
    }
  }

  /** The next picture, or null at the end. A damaged packet is passed over; a video that breaks off is an error. */
  async next(): Promise<Picture | null> {
    for (;;) {
      const filtered = await this.filters.pull();
      if (filtered !== null) return { frame: filtered, timestamp: filtered.pts, duration: filtered.duration };
      if (this.drained) return this.end();
      const received = await this.decoder.receiveFrame(this.frame);
      if (received >= 0) await this.filters.push(this.timed());
      else if (received === AVERROR_EOF) {
        this.drained = true;
        await this.filters.push(null);
      } else if (received !== AVERROR_EAGAIN) this.countDamage(received);
      else await this.feed();
    }
  }

  /** Begins again. */
  async rewind(): Promise<void> {
    const sought = await this.container.seekFrame(
      this.stream.index,
      this.startTime ?? 0n,
      AVSEEK_FLAG_BACKWARD,
    );
    if (sought < 0) throw this.corrupt(`it cannot be played again from its beginning: ${explain(sought)}`);
    this.decoder.flushBuffers();
    this.filters.reset();
    this.draining = false;
    this.drained = false;
    this.lastEnd = 0n;
    this.pictures = 0;
    this.packets = 0;
  }

  /** Ends a `next()` that waits for a device. */
  interrupt(): void {
    if (!this.closed) this.container.interrupt();
  }

  /** Not while a `next()` is under way. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.filters.close();
    this.frame.free();
    this.packet.free();
    this.decoder.freeContext();
    await this.container.closeInput();
  }

  /** Hands the decoder one packet, or tells it that there are no more. */
  private async feed(): Promise<void> {
    if (this.draining) return;
    let read: number;
    do {
      this.packet.unref();
      read = await this.container.readFrame(this.packet);
      if (read >= 0) this.brokeOff = this.packet.hasFlags(AV_PKT_FLAG_CORRUPT);
    } while (read >= 0 && this.packet.streamIndex !== this.stream.index);
    if (read === AVERROR_EAGAIN) return;
    if (read === AVERROR_EOF) {
      this.draining = true;
      await this.decoder.sendPacket(null);
      return;
    }
    if (read < 0) throw this.corrupt(`it breaks off after ${seconds(this.lastEnd)} s`, errorOf(read));
    this.packets++;
    const sent = await this.decoder.sendPacket(this.packet);
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
    const { num, den } = this.stream.timeBase;
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
    const promised = Number(this.stream.nbFrames);
    return this.container.iformat?.name === 'avi' && this.packets < promised * 0.9;
  }

  private frameInterval(): bigint {
    const { num, den } = this.stream.avgFrameRate;
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

async function notAVideo(input: Input, code: number): Promise<MediaError> {
  await wordsHeard();
  const why = explain(code);
  return new MediaError(
    'unsupported',
    input.live
      ? `cannot open ${input.name}: ${why}; is another program using it?`
      : `${input.name} is not a video that FFmpeg can read: ${why}; check that ${basename(input.name)} is complete and plays elsewhere`,
    { cause: errorOf(code) },
  );
}

function pickStream(container: FormatContext, input: Input): { stream: Stream; codec: Codec } {
  const found = container.findBestStream(AVMEDIA_TYPE_VIDEO, -1, -1, true);
  const stream = container.streams.find(({ index }) => index === found.streamIndex);
  // The picture on a record's cover counts as a video stream for FFmpeg, but nobody wants to watch it.
  if (stream === undefined || (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) !== 0)
    throw new MediaError('unsupported', `there is no video in ${input.name}; give a file that has one`);
  if (found.decoder === null)
    throw new MediaError(
      'unsupported',
      `FFmpeg has no decoder for the video in ${input.name}; convert it to H.264`,
    );
  return { stream, codec: found.decoder };
}

async function openDecoder(stream: Stream, codec: Codec, input: Input): Promise<CodecContext> {
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  try {
    check(decoder.parametersToContext(stream.codecpar), `read the parameters of ${input.name}`);
    decoder.pktTimebase = stream.timeBase;
    // 0: one thread per core. Threads hold back as many pictures, which a device's viewer would see as delay.
    decoder.threadCount = input.live === true ? 1 : 0;
    check(await decoder.open2(codec), `decode ${input.name}`);
    return decoder;
  } catch (error) {
    decoder.freeContext();
    throw error;
  }
}

function seconds(ns: bigint): string {
  return (Number(ns) / 1e9).toFixed(1);
}
