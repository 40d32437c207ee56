import { type Texture, VideoFrame } from '@streamlib/host-bridge';
import {
  defineProcessor,
  type OutputHandle,
  type Processor,
  type ProcessorContext,
} from '@streamlib/processor';
import { toError } from '../errors/media-error.js';
import { machineClock } from './clock.js';
import { type CameraConfig, cameraConfig, sizeFor, sourceOf } from './config.js';
import { DeviceSource } from './device-source.js';
import { FileSource } from './file-source.js';
import { Lateness } from './lateness.js';
import { type Clock, Pacer } from './pacer.js';
import { PatternSource } from './pattern-source.js';
import { picturesOf } from './picture-list.js';
import type { PictureSource, SourcePicture } from './picture-source.js';
import { SequenceSource } from './sequence-source.js';

/** So long a source that has time waits before it asks again for memory. */
const MEMORY_RETRY_NS = 2_000_000n;

/** Sends the pictures of a file, a device or the test pattern, each when it is due. */
export class Camera implements Processor {
  private source: PictureSource | null = null;
  private running: Promise<void> = Promise.resolve();
  private readonly offline: boolean;
  private readonly pacer = new Pacer();
  private readonly lateness = new Lateness();

  constructor(
    private readonly config: CameraConfig,
    private readonly clock: Clock = machineClock,
  ) {
    this.offline = config.clock === 'media';
  }

  async setup(ctx: ProcessorContext): Promise<void> {
    this.source = await this.open(ctx);
  }

  start(ctx: ProcessorContext): void {
    const { source } = this;
    if (source === null) throw new Error('the camera has not been set up');
    this.running = this.run(ctx, source).catch((thrown: unknown) => {
      if (!ctx.signal.aborted) ctx.fail(toError(thrown));
    });
  }

  async teardown(): Promise<void> {
    const { source } = this;
    this.source = null;
    source?.interrupt();
    await this.running;
    await source?.close();
  }

  private async run(ctx: ProcessorContext, source: PictureSource): Promise<void> {
    const output = ctx.output('video');
    for (let number = 0n; ; number++) {
      const picture = await source.next(ctx.signal);
      if (ctx.signal.aborted) return;
      if (picture === null) {
        ctx.finish();
        return;
      }
      await this.send(ctx, output, picture, number);
      // Everything above may have been done already: timers, signals and sockets get a turn for each picture.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async send(
    ctx: ProcessorContext,
    output: OutputHandle,
    picture: SourcePicture,
    number: bigint,
  ): Promise<void> {
    const { timestamp } = picture;
    const due = timestamp === null || this.offline ? null : this.pacer.due(timestamp, this.clock.now());
    if (due !== null && this.lateness.isTooLate(due, this.clock.now())) {
      output.dropped('late');
      return;
    }
    // Drawn before it is due, so that it leaves on time.
    let texture = await this.drawn(output, picture);
    if (due !== null) {
      await this.clock.until(due, ctx.signal);
      // Time has passed: perhaps somebody has given a frame back.
      texture ??= await this.drawn(output, picture);
    } else if (timestamp !== null) {
      // Nobody waits for this picture at a certain time: it can wait for memory.
      while (texture === null && !ctx.signal.aborted) {
        await this.clock.until(this.clock.now() + MEMORY_RETRY_NS, ctx.signal);
        texture = await this.drawn(output, picture);
      }
    }
    if (texture === null) {
      output.dropped('no_free_frame');
      return;
    }
    if (ctx.signal.aborted) {
      texture.close();
      return;
    }
    const now = this.clock.now();
    const frame = {
      pixel_buffer: texture,
      timestamp_ns: now,
      frame_number: number,
      media_time: picture.mediaTime,
    };
    // A file can wait for readers that want every frame; a device's time goes on.
    if (timestamp === null) output.set(frame);
    else await output.write(frame);
    this.lateness.sent(this.clock.now(), this.clock.now() - now);
  }

  /** The picture in memory of the output's; null when all of that is in use. */
  private async drawn(output: OutputHandle, picture: SourcePicture): Promise<Texture | null> {
    const { width, height } = sizeFor(picture.size, this.config);
    const texture = output.texture(width, height, this.config.format);
    try {
      if (texture !== null) await picture.draw(texture);
      return texture;
    } catch (error) {
      texture?.close();
      throw error;
    }
  }

  private async open(ctx: ProcessorContext): Promise<PictureSource> {
    const { config } = this;
    const source = sourceOf(config.source);
    const wishes = { deinterlace: config.deinterlace, toneMap: config.tone_map, color: config.color };
    switch (source.kind) {
      case 'pattern':
        return new PatternSource(config.fps);
      case 'device':
        return DeviceSource.open(source.device, { ...config, wishes });
      case 'file': {
        const { loop, fps, start, end, speed } = config;
        const pictures = await picturesOf(source.path);
        if (pictures !== null)
          return new SequenceSource(source.path, pictures, { loop, fps, wishes, start, end, speed });
        const file = await FileSource.open(source.path, {
          ...{ loop, fps, wishes, start, end, speed },
          onDamage: (packets) =>
            ctx.log.warn(
              `${source.path} is damaged: ${packets} of its packets could not be decoded and were passed over`,
            ),
        });
        if (!file.isStill) return file;
        await file.close();
        return new SequenceSource(source.path, [source.path], { loop, fps, wishes });
      }
    }
  }
}

export const camera = defineProcessor<CameraConfig>({
  type: 'camera',
  description:
    'A source of video: "source" is the path of a film or picture, a folder of pictures or a series of them (frames/*.jpg, seq_%04d.png), a camera of this machine (device:0, /dev/video0), or test-pattern. Output "video".',
  examples: [
    { title: 'A moving test pattern', params: { source: 'test-pattern', fps: 30 } },
    { title: 'The first camera, 720p', params: { source: 'device:0', width: 1280, height: 720 } },
    {
      title: 'All of a file, as fast as it is processed',
      params: { source: 'clip.mp4', loop: false, clock: 'media' },
    },
    { title: 'Pictures of a folder, ten a second', params: { source: 'frames', fps: 10, loop: false } },
    {
      title: 'Ten seconds of a film, at half the speed',
      params: { source: 'clip.mp4', start: 5, end: 15, speed: 0.5 },
    },
    { title: 'A file, once', params: { source: 'clip.mp4', loop: false } },
  ],
  inputs: {},
  outputs: { video: VideoFrame },
  config: cameraConfig,
  create: (config) => new Camera(config),
});
