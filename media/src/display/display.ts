import { fileURLToPath } from 'node:url';
import { Texture, VideoFrame } from '@streamlib/host-bridge';
import {
  defineProcessor,
  type FrameValue,
  type Processor,
  type ProcessorContext,
} from '@streamlib/processor';
import { StaticFiles } from '@streamlib/serve';
import type { WebSocket } from '@streamlib/serve/websocket';
import { JpegEncoder } from '../ffmpeg/jpeg-encoder.js';
import { Broadcaster } from './broadcaster.js';
import { type DisplayConfig, displayConfig } from './config.js';
import { Rate } from './figures.js';
import { DisplayServer } from './server.js';
import { Viewer } from './viewer.js';

/** What the page is made of; all of it is served. */
const PAGE = fileURLToPath(new URL('../../page/', import.meta.url));
const TELL_EVERY_MS = 1000;
const CHECK_EVERY = 10;

/** Shows its input on a page that it serves. */
export class Display implements Processor {
  private readonly viewers = new Set<Viewer>();
  private readonly rate = new Rate();
  private broadcaster: Broadcaster | null = null;
  private server: DisplayServer | null = null;
  /** Runs while somebody watches. */
  private ticking: NodeJS.Timeout | null = null;
  private ticks = 0;
  private frames = 0;
  /** Frames that were lost on the way here, by the gaps in their numbers. */
  private missed = 0;
  private lastNumber: bigint | null = null;
  private size: { readonly width: number; readonly height: number } | null = null;

  constructor(private readonly config: DisplayConfig) {}

  async setup(ctx: ProcessorContext): Promise<void> {
    const broadcaster = new Broadcaster(new JpegEncoder(this.config.quality), (error) =>
      ctx.log.error(`a frame could not be shown: ${error.message}`, { error }),
    );
    this.broadcaster = broadcaster;
    this.server = await DisplayServer.listen(this.config.host, this.config.port, this.config.max_viewers, {
      page: await StaticFiles.read(PAGE),
      snapshot: () => broadcaster.snapshot(),
      stats: () => this.stats(ctx),
      hasRoom: () => this.viewers.size < this.config.max_viewers,
      watch: (socket) => this.watch(ctx, broadcaster, socket),
    });
  }

  start(ctx: ProcessorContext): void {
    if (this.server !== null) ctx.log.info(`the picture is shown at ${this.server.url}`);
  }

  process(ctx: ProcessorContext, _port: string, frame: FrameValue): void {
    const { pixel_buffer: texture, timestamp_ns: timestamp, frame_number: number } = frame;
    if (!(texture instanceof Texture) || typeof timestamp !== 'bigint' || typeof number !== 'bigint')
      throw new TypeError('not a VideoFrame');
    this.frames++;
    this.rate.mark(ctx.now_ns());
    if (this.lastNumber !== null && number > this.lastNumber + 1n)
      this.missed += Number(number - this.lastNumber - 1n);
    this.lastNumber = number;
    this.size = { width: texture.width, height: texture.height };
    this.broadcaster?.offer({ texture: texture.clone(), timestamp, number });
  }

  async teardown(): Promise<void> {
    if (this.ticking !== null) clearInterval(this.ticking);
    this.ticking = null;
    for (const viewer of this.viewers) viewer.close();
    this.viewers.clear();
    await this.broadcaster?.close();
    await this.server?.close();
    this.server = null;
  }

  private watch(ctx: ProcessorContext, broadcaster: Broadcaster, socket: WebSocket): void {
    const viewer: Viewer = new Viewer(socket, ctx.now_ns, {
      ready: () => broadcaster.serve(),
      gone: () => {
        this.viewers.delete(viewer);
        broadcaster.remove(viewer);
        ctx.report({ viewers: this.viewers.size });
        if (this.viewers.size > 0 || this.ticking === null) return;
        clearInterval(this.ticking);
        this.ticking = null;
      },
    });
    this.viewers.add(viewer);
    ctx.report({ viewers: this.viewers.size });
    viewer.tell({ type: 'hello', node: ctx.id, runtime: ctx.runtimeId });
    this.ticking ??= setInterval(() => this.tick(ctx), TELL_EVERY_MS);
    broadcaster.add(viewer);
  }

  /** Tells the pages what they can't see for themselves. */
  private tick(ctx: ProcessorContext): void {
    const { fps, missed } = this.stats(ctx);
    const viewers = this.viewers.size;
    if (++this.ticks % CHECK_EVERY === 0) for (const viewer of this.viewers) viewer.checkAlive();
    for (const viewer of this.viewers) viewer.tell({ type: 'stats', fps, missed, viewers });
    let dropped = 0;
    for (const viewer of this.viewers) dropped += viewer.stats().dropped;
    const encode = this.broadcaster?.encodeTimes.summary();
    ctx.report({
      viewers,
      viewer_dropped: dropped,
      ...(encode == null ? {} : { encode_ms_p50: encode.p50 }),
    });
  }

  private stats(ctx: ProcessorContext) {
    return {
      node: ctx.id,
      frames: this.frames,
      fps: this.rate.perSecond(ctx.now_ns()),
      missed: this.missed,
      width: this.size?.width ?? null,
      height: this.size?.height ?? null,
      encode_ms: this.broadcaster?.encodeTimes.summary() ?? null,
      viewers: [...this.viewers].map((viewer) => viewer.stats()),
    };
  }
}

export const display = defineProcessor<DisplayConfig>({
  type: 'display',
  description:
    'Serves a page on this machine that shows the video of its input; get_logs of it has the address. "port": 0 takes a free one. Input "video".',
  examples: [{ title: 'On any free port', params: { port: 0 } }],
  next: 'get_logs of it has the address of its page.',
  inputs: { video: VideoFrame },
  outputs: {},
  config: displayConfig,
  create: (config) => new Display(config),
});
