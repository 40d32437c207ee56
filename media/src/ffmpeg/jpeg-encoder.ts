import type { Texture } from '@streamlib/host-bridge';
import { Codec, CodecContext, Packet, Rational } from 'node-av';
import {
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  FF_ENCODER_MJPEG,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { check, listenToFFmpeg } from './library.js';
import { YuvConverter } from './yuv-converter.js';

/** JPEG's own colours: those of BT.601, over the full range. */
const COLOURS = {
  pixelFormat: AV_PIX_FMT_YUVJ420P,
  colorSpace: AVCOL_SPC_BT470BG,
  colorRange: AVCOL_RANGE_JPEG,
} as const;

/** Turns textures into JPEG files, in the thread pool. One at a time. */
export class JpegEncoder {
  private readonly converter = new YuvConverter();
  private readonly packet = new Packet();
  private encoder: CodecContext | null = null;

  /** `quality` as is usual for JPEG: 1 to 100. */
  constructor(private readonly quality: number) {
    listenToFFmpeg();
    this.packet.alloc();
  }

  /** The texture must stay open until this settles. */
  async encode(texture: Texture): Promise<Buffer> {
    const { width, height } = texture;
    const encoder = await this.encoderFor(width, height);
    const picture = await this.converter.convert(texture, { width, height, ...COLOURS });
    try {
      picture.quality = encoder.globalQuality;
      check(await encoder.sendFrame(picture), 'encode a JPEG');
      check(await encoder.receivePacket(this.packet), 'encode a JPEG');
      const { data } = this.packet;
      if (data === null)
        throw new MediaError('io', 'FFmpeg made an empty JPEG; this is a fault of its build');
      // A copy: what the packet holds is FFmpeg's, and used again.
      return Buffer.from(data);
    } finally {
      picture.free();
      this.packet.unref();
    }
  }

  /** Not while an `encode()` is under way. */
  close(): void {
    this.encoder?.freeContext();
    this.encoder = null;
    this.packet.free();
    this.converter.close();
  }

  private async encoderFor(width: number, height: number): Promise<CodecContext> {
    const { encoder } = this;
    if (encoder !== null && encoder.width === width && encoder.height === height) return encoder;
    encoder?.freeContext();
    this.encoder = null;
    const codec = Codec.findEncoderByName(FF_ENCODER_MJPEG);
    if (codec === null)
      throw new MediaError(
        'unsupported',
        'this build of FFmpeg has no JPEG encoder; install node-av with its own binaries',
      );
    const made = new CodecContext();
    made.allocContext3(codec);
    try {
      made.width = width;
      made.height = height;
      made.pixelFormat = COLOURS.pixelFormat;
      made.colorSpace = COLOURS.colorSpace;
      made.colorRange = COLOURS.colorRange;
      made.timeBase = new Rational(1, 1000);
      made.threadCount = 1;
      made.setFlags(AV_CODEC_FLAG_QSCALE);
      made.globalQuality = quantiser(this.quality) * FF_QP2LAMBDA;
      // Tables made for each picture save a few per cent, at half the speed.
      check(made.setOption('huffman', 'default'), 'set up the JPEG encoder');
      check(await made.open2(codec), `encode JPEGs of ${width}×${height}`);
    } catch (error) {
      made.freeContext();
      throw error;
    }
    this.encoder = made;
    return made;
  }
}

/** FFmpeg counts the other way round: 2 is its finest, 31 its coarsest. */
export function quantiser(quality: number): number {
  return Math.round(2 + ((100 - quality) * 29) / 99);
}
