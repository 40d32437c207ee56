import { MediaError } from '../errors/media-error.js';
import type { PictureWishes } from '../ffmpeg/picture-filters.js';
import { RgbScaler } from '../ffmpeg/rgb-scaler.js';
import { type Picture, VideoReader } from '../ffmpeg/video-reader.js';
import { type Part, partOf } from './part.js';
import type { PictureSource, SourcePicture } from './picture-source.js';

const FPS = 25;

export interface SequenceOptions extends Part {
  readonly loop: boolean;
  /** Pictures per second; 25 by default. */
  readonly fps?: number | undefined;
  readonly wishes?: PictureWishes;
}

/** Pictures of a folder or a series, one after the other. A single one is opened once and held. */
export class SequenceSource implements PictureSource {
  private readonly scaler: RgbScaler;
  private current: { readonly path: string; readonly reader: VideoReader; readonly picture: Picture } | null =
    null;
  private count = 0;
  private readonly paths: readonly string[];
  private readonly intervalNs: number;

  /** `name`: how errors call it. */
  constructor(
    name: string,
    paths: readonly string[],
    private readonly options: SequenceOptions,
  ) {
    this.scaler = new RgbScaler(name);
    const fps = options.fps ?? FPS;
    const { startNs, endNs, speed } = partOf(options);
    const index = (ns: bigint) => Math.ceil((Number(ns) * fps) / 1e9 - 1e-6);
    this.paths = paths.slice(index(startNs), endNs === null ? undefined : index(endNs));
    this.intervalNs = 1e9 / fps / speed;
    if (this.paths.length === 0)
      throw new MediaError(
        'unsupported',
        `${name} has no picture between "start" and "end"; it has ${paths.length}, ${fps} a second`,
      );
  }

  async next(signal: AbortSignal): Promise<SourcePicture | null> {
    if (signal.aborted) return null;
    if (!this.options.loop && this.count >= this.paths.length) return null;
    const path = this.paths[this.count % this.paths.length];
    if (path === undefined) return null;
    const { frame } = (await this.open(path)).picture;
    const timestamp = BigInt(Math.round(this.count * this.intervalNs));
    this.count++;
    return {
      timestamp,
      mediaTime: timestamp,
      size: { width: frame.width, height: frame.height },
      draw: (target) => this.scaler.draw(frame, target),
    };
  }

  async close(): Promise<void> {
    this.scaler.close();
    await this.current?.reader.close();
    this.current = null;
  }

  interrupt(): void {}

  private async open(path: string): Promise<{ readonly picture: Picture }> {
    if (this.current?.path === path) return this.current;
    await this.current?.reader.close();
    this.current = null;
    const { wishes } = this.options;
    const reader = await VideoReader.open({
      url: `file:${path}`,
      name: path,
      ...(wishes !== undefined && { wishes }),
    });
    try {
      const picture = await reader.next();
      if (picture === null) throw new Error(`there is no picture in ${path}`);
      this.current = { path, reader, picture };
      return this.current;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }
}
