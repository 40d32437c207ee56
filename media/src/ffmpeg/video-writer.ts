import { access, constants, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Texture } from '@streamlib/host-bridge';
import { type CodecContext, Dictionary, FormatContext, type Frame, Packet, type Stream } from 'node-av';
import { AV_PICTURE_TYPE_NONE, AVERROR_EAGAIN, AVERROR_EOF } from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { check, errorOf, explain, forgetWords, listenToFFmpeg, wordsHeard } from './library.js';
import { type EncoderSettings, openVideoEncoder, VIDEO_COLOURS } from './video-encoder.js';
import { YuvConverter } from './yuv-converter.js';

export type WriterSettings = Omit<EncoderSettings, 'width' | 'height'> & { readonly overwrite: boolean };

/** Writes textures into an mp4. The first of them decides the size; later ones of another size are scaled to it. */
export class VideoWriter {
  private readonly converter = new YuvConverter();
  private readonly packet = new Packet();
  private track: { readonly encoder: CodecContext; readonly stream: Stream } | null = null;
  private closed: Promise<void> | null = null;

  private constructor(
    private readonly path: string,
    private readonly container: FormatContext,
    private readonly settings: WriterSettings,
  ) {
    this.packet.alloc();
  }

  /** Makes the file, so that a place where it cannot be is told before the first frame. */
  static async create(path: string, settings: WriterSettings): Promise<VideoWriter> {
    listenToFFmpeg();
    await mustBeWritable(path, settings.overwrite);
    forgetWords();
    const container = new FormatContext();
    try {
      check(container.allocOutputContext2(null, 'mp4', `file:${path}`), `write an mp4 to ${path}`);
      check(await container.openOutput(), `write to ${path}`, 'io');
      return new VideoWriter(path, container, settings);
    } catch (error) {
      container.freeContext();
      throw error;
    }
  }

  /** `at` in ticks, growing. The texture must stay open until this settles. One at a time. */
  async write(texture: Texture, at: bigint): Promise<void> {
    this.track ??= await this.begin(texture);
    const { encoder } = this.track;
    const { width, height } = encoder;
    const picture = await this.converter.convert(texture, { width, height, ...VIDEO_COLOURS });
    try {
      picture.pts = (at * BigInt(encoder.timeBase.den)) / BigInt(this.settings.ticksPerSecond);
      picture.pictType = AV_PICTURE_TYPE_NONE;
      await this.encode(picture);
    } finally {
      picture.free();
    }
  }

  /** Ends the file as players expect it. Nothing is left of one that got no frame. Not while a `write()` is under way. */
  close(): Promise<void> {
    this.closed ??= this.end();
    return this.closed;
  }

  private async end(): Promise<void> {
    const { track } = this;
    try {
      if (track !== null) {
        await this.encode(null);
        await this.mustWrite(await this.container.writeTrailer());
      }
    } finally {
      track?.encoder.freeContext();
      this.packet.free();
      this.converter.close();
      await this.container.closeOutput();
      this.container.freeContext();
      if (track === null) await rm(this.path, { force: true });
    }
  }

  private async begin(first: Texture): Promise<{ encoder: CodecContext; stream: Stream }> {
    // Colours are stored for two by two pixels: there is no odd size.
    const even = (side: number) => Math.max(2, side - (side % 2));
    const [width, height] = [even(first.width), even(first.height)];
    const encoder = await openVideoEncoder({ ...this.settings, width, height });
    // A file that can be played up to its last group even if its end is never written.
    const options = Dictionary.fromObject({ movflags: '+hybrid_fragmented', flush_packets: 1 });
    try {
      const stream = this.container.newStream();
      stream.timeBase = encoder.timeBase;
      check(encoder.parametersFromContext(stream.codecpar), 'describe the video');
      await this.mustWrite(await this.container.writeHeader(options));
      return { encoder, stream };
    } catch (error) {
      encoder.freeContext();
      throw error;
    } finally {
      options.free();
    }
  }

  /** Null: what the encoder holds back is got out of it. */
  private async encode(picture: Frame | null): Promise<void> {
    if (this.track === null) return;
    const { encoder, stream } = this.track;
    check(await encoder.sendFrame(picture), 'encode a frame');
    for (;;) {
      const received = await encoder.receivePacket(this.packet);
      if (received === AVERROR_EAGAIN || received === AVERROR_EOF) return;
      check(received, 'encode a frame');
      this.packet.streamIndex = stream.index;
      this.packet.rescaleTs(encoder.timeBase, stream.timeBase);
      await this.mustWrite(await this.container.interleavedWriteFrame(this.packet));
    }
  }

  private async mustWrite(result: number): Promise<void> {
    if (result >= 0) return;
    await wordsHeard();
    throw new MediaError('io', `cannot write to ${this.path}: ${explain(result)}`, {
      cause: errorOf(result),
    });
  }
}

async function mustBeWritable(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new MediaError('io', `cannot write to ${path}: ${cause.message}`, { cause });
  });
  if (found?.isDirectory())
    throw new MediaError('io', `cannot write to ${path}: it is a folder; give "path" the name of a file`);
  if (found !== null && !overwrite)
    throw new MediaError(
      'exists',
      `${path} is already there; give another "path", or set "overwrite" to true`,
    );
  const folder = dirname(path);
  try {
    await access(found === null ? folder : path, constants.W_OK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new MediaError('not_found', `there is no folder ${folder} to write to; make it first`, { cause });
    throw new MediaError('io', `cannot write to ${path}: permission denied; choose another "path"`, {
      cause,
    });
  }
}
