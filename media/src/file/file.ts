import { Texture, VideoFrame } from '@streamlib/host-bridge';
import {
  defineProcessor,
  type FrameValue,
  type Processor,
  type ProcessorContext,
} from '@streamlib/processor';
import { toError } from '../errors/media-error.js';
import { VideoWriter } from '../ffmpeg/video-writer.js';
import { type FileConfig, fileConfig } from './config.js';
import { FrameTime } from './frame-time.js';
import { TICKS_PER_SECOND, Timeline } from './timeline.js';

/** Writes its input into an mp4, with the times that the frames have: the source's own, or else the clock's. */
export class FileSink implements Processor {
  private readonly timeline: Timeline;
  private readonly time = new FrameTime();
  private writer: VideoWriter | null = null;
  private writing: Promise<void> = Promise.resolve();
  private frames = 0;

  constructor(private readonly config: FileConfig) {
    this.timeline = new Timeline(config.fps);
  }

  async setup(): Promise<void> {
    this.writer = await VideoWriter.create(this.config.path, {
      ...this.config,
      ticksPerSecond: TICKS_PER_SECOND,
    });
  }

  process(ctx: ProcessorContext, _port: string, frame: FrameValue): Promise<void> {
    this.writing = this.write(ctx, frame);
    return this.writing;
  }

  async teardown(ctx: ProcessorContext): Promise<void> {
    const { writer } = this;
    this.writer = null;
    await this.writing.catch(() => {});
    await writer?.close();
    if (writer !== null && this.frames > 0) ctx.log.info(`${this.frames} frames are in ${this.config.path}`);
  }

  private async write(ctx: ProcessorContext, frame: FrameValue): Promise<void> {
    const { pixel_buffer: texture, timestamp_ns: timestamp, media_time: media } = frame;
    if (!(texture instanceof Texture) || typeof timestamp !== 'bigint')
      throw new TypeError('not a VideoFrame');
    const wereInOrder = this.timeline.disordered === 0;
    const at = this.timeline.place(this.time.of(timestamp, typeof media === 'bigint' ? media : null));
    if (at === null || this.writer === null) return;
    if (wereInOrder && this.timeline.disordered > 0)
      ctx.log.warn(
        'the timestamp of a frame is not after that of the one before; such frames are put 1 ms apart',
      );
    try {
      await this.writer.write(texture, at);
      this.frames++;
    } catch (thrown) {
      // A file that has a hole, or whose disk is full, gets no better by going on.
      ctx.fail(toError(thrown));
    }
  }
}

export const file = defineProcessor<FileConfig>({
  type: 'file',
  description: 'Writes the video of its input to an .mp4 file. Input "video".',
  examples: [{ title: 'A new file', params: { path: 'out.mp4', overwrite: false } }],
  inputs: { video: { schema: VideoFrame, delivery: 'every_sample', queue: 8 } },
  outputs: {},
  config: fileConfig,
  create: (config) => new FileSink(config),
});
