import { readdir, stat } from 'node:fs/promises';
import { InputFormat } from 'node-av';
import { MediaError } from '../errors/media-error.js';
import type { PictureWishes } from '../ffmpeg/picture-filters.js';
import { RgbScaler } from '../ffmpeg/rgb-scaler.js';
import { VideoReader } from '../ffmpeg/video-reader.js';
import type { WantedSize } from './config.js';
import type { PictureSource, SourcePicture } from './picture-source.js';

export interface DeviceOptions extends WantedSize {
  readonly fps?: number | undefined;
  readonly wishes?: PictureWishes;
}

export interface FoundDevice {
  /** How errors call it. */
  readonly name: string;
  readonly url: string;
  /** FFmpeg's name of the system that it is read through. */
  readonly system: string;
}

/** A camera of this machine, through Video4Linux or AVFoundation. */
export class DeviceSource implements PictureSource {
  private readonly scaler: RgbScaler;

  private constructor(
    name: string,
    private readonly reader: VideoReader,
  ) {
    this.scaler = new RgbScaler(name);
  }

  static async open(device: string, options: DeviceOptions): Promise<DeviceSource> {
    return DeviceSource.openFound(await find(device), options);
  }

  /** Of any of FFmpeg's input devices. */
  static async openFound({ name, url, system }: FoundDevice, options: DeviceOptions): Promise<DeviceSource> {
    const format = InputFormat.findInputFormat(system);
    if (format === null)
      throw new MediaError(
        'unsupported',
        `this build of FFmpeg cannot read cameras (${system}); use a file as "source"`,
      );
    const settings: Record<string, string> = {};
    if (options.fps !== undefined) settings.framerate = String(options.fps);
    if (options.width !== undefined && options.height !== undefined)
      settings.video_size = `${options.width}x${options.height}`;
    return new DeviceSource(
      name,
      await VideoReader.open({
        url,
        name,
        format,
        options: settings,
        live: true,
        ...(options.wishes !== undefined && { wishes: options.wishes }),
      }),
    );
  }

  async next(): Promise<SourcePicture | null> {
    const picture = await this.reader.next();
    if (picture === null) return null;
    const { frame } = picture;
    return {
      timestamp: null,
      mediaTime: picture.timestamp,
      size: { width: frame.width, height: frame.height },
      draw: (target) => this.scaler.draw(frame, target),
    };
  }

  async close(): Promise<void> {
    this.scaler.close();
    await this.reader.close();
  }

  interrupt(): void {
    this.reader.interrupt();
  }
}

async function find(device: string): Promise<FoundDevice> {
  if (process.platform === 'darwin')
    return { name: `camera ${device}`, url: `${device}:none`, system: 'avfoundation' };
  if (process.platform !== 'linux')
    throw new MediaError(
      'unsupported',
      `cameras of ${process.platform} cannot be read; use a file as "source"`,
    );
  const path = /^\d+$/.test(device) ? `/dev/video${device}` : device;
  try {
    await stat(path);
  } catch (cause) {
    const others = (await readdir('/dev')).filter((name) => /^video\d+$/.test(name)).sort();
    const hint =
      others.length === 0
        ? 'this machine has none'
        : `there are: ${others.map((name) => `/dev/${name}`).join(', ')}`;
    throw new MediaError('not_found', `there is no camera ${path}; ${hint}`, { cause });
  }
  return { name: path, url: path, system: 'v4l2' };
}
