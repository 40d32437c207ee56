import { stat } from 'node:fs/promises';
import { MediaError } from '../errors/media-error.js';
import type { PictureWishes } from '../ffmpeg/picture-filters.js';
import { RgbScaler } from '../ffmpeg/rgb-scaler.js';
import { type Picture, VideoReader } from '../ffmpeg/video-reader.js';
import { type Part, type PartNs, partOf } from './part.js';
import type { PictureSource, SourcePicture } from './picture-source.js';

export interface FileOptions extends Part {
  readonly loop: boolean;
  readonly fps?: number | undefined;
  readonly wishes?: PictureWishes;
  /** Told at the end of the first round in which packets had to be passed over. */
  readonly onDamage: (packets: number) => void;
}

/** Times of films are rounded. */
const GRACE_NS = 500_000n;

/** A video file, once or in a loop. */
export class FileSource implements PictureSource {
  private readonly scaler: RgbScaler;
  /** Where the current round begins on the source's endless time. */
  private roundStart = 0n;
  private roundEnd = 0n;
  private roundPictures = 0;
  private damageTold = false;
  private readonly part: PartNs;
  /** The earliest timestamp that `fps` lets through. */
  private nextTime = 0n;

  private constructor(
    private readonly path: string,
    private readonly reader: VideoReader,
    private readonly options: FileOptions,
  ) {
    this.scaler = new RgbScaler(path);
    this.part = partOf(options);
  }

  static async open(path: string, options: FileOptions): Promise<FileSource> {
    await mustBeFile(path);
    // The prefix: without it a name with a colon would be taken for a protocol.
    const { wishes } = options;
    const reader = await VideoReader.open({
      url: `file:${path}`,
      name: path,
      ...(wishes !== undefined && { wishes }),
    });
    const { startNs } = partOf(options);
    try {
      if (startNs > 0n) await reader.seek(startNs);
      return new FileSource(path, reader, options);
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  get isStill(): boolean {
    return this.reader.isStill;
  }

  async next(signal: AbortSignal): Promise<SourcePicture | null> {
    while (!signal.aborted) {
      const picture = await this.nextOfPart();
      if (picture === null) {
        this.tellDamage();
        if (this.roundPictures === 0)
          throw new MediaError(
            'unsupported',
            `${this.path} has no picture from ${this.options.start ?? 0} s on; give the camera an earlier "start"`,
          );
        if (!this.options.loop) return null;
        this.roundStart = this.roundEnd;
        this.roundPictures = 0;
        await this.reader.seek(this.part.startNs);
        continue;
      }
      const timestamp = this.roundStart + this.played(picture.timestamp - this.part.startNs);
      this.roundEnd = timestamp + this.played(picture.duration);
      this.roundPictures++;
      if (this.isTooSoon(timestamp)) continue;
      const { frame } = picture;
      return {
        timestamp,
        mediaTime: timestamp,
        size: { width: frame.width, height: frame.height },
        draw: (target) => this.scaler.draw(frame, target),
      };
    }
    return null;
  }

  /** The next picture from `start` on and before `end`. */
  private async nextOfPart(): Promise<Picture | null> {
    const { startNs, endNs } = this.part;
    for (;;) {
      const picture = await this.reader.next();
      if (picture === null) return null;
      if (endNs !== null && picture.timestamp + GRACE_NS >= endNs) return null;
      if (picture.timestamp + GRACE_NS >= startNs) return picture;
    }
  }

  private played(time: bigint): bigint {
    return this.part.speed === 1 ? time : BigInt(Math.round(Number(time) / this.part.speed));
  }

  async close(): Promise<void> {
    this.scaler.close();
    await this.reader.close();
  }

  interrupt(): void {}

  /** Passes over the pictures that are more than `fps` wants. */
  private isTooSoon(timestamp: bigint): boolean {
    const { fps } = this.options;
    if (fps === undefined) return false;
    const interval = BigInt(Math.round(1e9 / fps));
    if (timestamp + GRACE_NS < this.nextTime) return true;
    this.nextTime = timestamp - this.nextTime > interval ? timestamp + interval : this.nextTime + interval;
    return false;
  }

  private tellDamage(): void {
    const { damaged } = this.reader;
    if (damaged > 0 && !this.damageTold) this.options.onDamage(damaged);
    this.damageTold ||= damaged > 0;
  }
}

async function mustBeFile(path: string): Promise<void> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MediaError('not_found', `there is no file ${path}; check the camera's parameter "source"`, {
        cause,
      });
    throw new MediaError('io', `cannot open ${path}: ${(cause as Error).message}`, { cause });
  }
  throw new MediaError('unsupported', `${path} is a folder; give the camera a video file as "source"`);
}
