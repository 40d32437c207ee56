import { Codec, CodecContext, Rational } from 'node-av';
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
  FF_ENCODER_MPEG4,
} from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { check } from './library.js';

export interface EncoderSettings {
  readonly codec: 'auto' | 'h264' | 'mpeg4';
  readonly crf: number;
  readonly bitrate?: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly ticksPerSecond: number;
}

/** The colours that videos are written in: those of HD television. */
export const VIDEO_COLOURS = {
  pixelFormat: AV_PIX_FMT_YUV420P,
  colorSpace: AVCOL_SPC_BT709,
  colorRange: AVCOL_RANGE_MPEG,
} as const;

/** A player can begin at each of these, and no more than this is lost when the machine fails. */
const FRAMES_PER_GROUP = 60;

/** Whether this build of FFmpeg writes H.264: it is there under the GPL only. */
export function hasX264(): boolean {
  return Codec.findEncoderByName(FF_ENCODER_LIBX264) !== null;
}

export async function openVideoEncoder(settings: EncoderSettings): Promise<CodecContext> {
  const h264 = settings.codec === 'h264' || (settings.codec === 'auto' && hasX264());
  const codec = Codec.findEncoderByName(h264 ? FF_ENCODER_LIBX264 : FF_ENCODER_MPEG4);
  if (codec === null)
    throw new MediaError(
      'unsupported',
      `this build of FFmpeg cannot write ${h264 ? 'H.264' : 'MPEG-4'}; set "codec" to "${h264 ? 'mpeg4' : 'h264'}"`,
    );
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  try {
    encoder.width = settings.width;
    encoder.height = settings.height;
    encoder.pixelFormat = VIDEO_COLOURS.pixelFormat;
    encoder.colorSpace = VIDEO_COLOURS.colorSpace;
    encoder.colorRange = VIDEO_COLOURS.colorRange;
    encoder.colorPrimaries = AVCOL_PRI_BT709;
    encoder.colorTrc = AVCOL_TRC_BT709;
    // MPEG-4 cannot count finer than 16 bits.
    encoder.timeBase = new Rational(1, h264 ? settings.ticksPerSecond : 30_000);
    encoder.gopSize = FRAMES_PER_GROUP;
    // Without frames that wait for later ones, a video begins at 0 and is written as it comes.
    encoder.maxBFrames = 0;
    encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    if (settings.bitrate !== undefined) encoder.bitRate = BigInt(settings.bitrate);
    else if (h264) check(encoder.setOption('crf', settings.crf), 'set the quality');
    else encoder.bitRate = BigInt(settings.width * settings.height * 8);
    if (h264) check(encoder.setOption('preset', 'veryfast'), 'set the speed');
    check(await encoder.open2(codec), `encode video of ${settings.width}×${settings.height}`);
    return encoder;
  } catch (error) {
    encoder.freeContext();
    throw error;
  }
}
