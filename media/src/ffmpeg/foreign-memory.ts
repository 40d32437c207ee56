import type { Colour, PixelFormat, Texture } from '@streamlib/host-bridge';
import { Frame } from 'node-av';
import {
  AV_PIX_FMT_BGR24,
  AV_PIX_FMT_BGRA,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_GRAY16LE,
  AV_PIX_FMT_GRAYF32LE,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_P010LE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_RGB48LE,
  AV_PIX_FMT_RGBA,
  AV_PIX_FMT_RGBA64LE,
  AV_PIX_FMT_UYVY422,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUYV422,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_FCC,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
  type AVColorSpace,
  type AVPixelFormat,
} from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { check } from './library.js';

/** How far FFmpeg's vector code may read or write beyond the last pixel (its own buffers are padded by as much). */
export const SIMD_OVERRUN = 64;

/** Those that libswscale reads; in the others the bytes lie in no order that it knows. */
const FORMATS: Readonly<Partial<Record<PixelFormat, AVPixelFormat>>> = {
  rgb8: AV_PIX_FMT_RGB24,
  rgba8: AV_PIX_FMT_RGBA,
  bgra8: AV_PIX_FMT_BGRA,
  bgr8: AV_PIX_FMT_BGR24,
  gray8: AV_PIX_FMT_GRAY8,
  gray16: AV_PIX_FMT_GRAY16LE,
  rgb16: AV_PIX_FMT_RGB48LE,
  rgba16: AV_PIX_FMT_RGBA64LE,
  grayf32: AV_PIX_FMT_GRAYF32LE,
  nv12: AV_PIX_FMT_NV12,
  i420: AV_PIX_FMT_YUV420P,
  i422: AV_PIX_FMT_YUV422P,
  i444: AV_PIX_FMT_YUV444P,
  p010: AV_PIX_FMT_P010LE,
  yuyv8: AV_PIX_FMT_YUYV422,
  uyvy8: AV_PIX_FMT_UYVY422,
};

/** The matrices that libswscale computes with. */
const MATRICES: Readonly<Partial<Record<Colour['matrix'], AVColorSpace>>> = {
  bt709: AVCOL_SPC_BT709,
  fcc: AVCOL_SPC_FCC,
  bt470bg: AVCOL_SPC_BT470BG,
  smpte170m: AVCOL_SPC_SMPTE170M,
  smpte240m: AVCOL_SPC_SMPTE240M,
  bt2020nc: AVCOL_SPC_BT2020_NCL,
};

/** From this height on, luma of pictures that do not say how it was made is that of HD television. */
const HD = 720;

export function avFormat(format: PixelFormat): AVPixelFormat {
  const known = FORMATS[format];
  if (known === undefined)
    throw new MediaError(
      'unsupported',
      `FFmpeg reads no pictures of ${format}; convert them before, for example to rgb8 in a Python node (frame.unpack())`,
    );
  return known;
}

/** What `frame` is to be converted by. Pictures of red, green and blue, or gray, need nothing said. */
export function setColour(frame: Frame, format: PixelFormat, colour: Colour): void {
  if (!YUV.has(format)) return;
  const unsaid = frame.height >= HD ? 'bt709' : 'smpte170m';
  const space = MATRICES[colour.matrix === 'unspecified' ? unsaid : colour.matrix];
  if (space === undefined)
    throw new MediaError(
      'unsupported',
      `FFmpeg converts no pictures of the colour matrix ${colour.matrix}; use one of ${Object.keys(MATRICES).join(', ')}`,
    );
  frame.colorSpace = space;
  frame.colorRange = colour.range === 'full' ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
}

const YUV: ReadonlySet<PixelFormat> = new Set([
  'nv12',
  'i420',
  'i422',
  'i444',
  'p010',
  'yuyv8',
  'uyvy8',
] as const);

/**
 * A frame whose pixels are the caller's memory, not a copy of it. `bytes` must stay valid while the frame is in use; freeing
 * the frame leaves them alone.
 */
export function frameOver(bytes: Uint8Array, width: number, height: number, format: PixelFormat): Frame {
  const known = avFormat(format);
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = known;
  try {
    check(
      frame.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      'use foreign memory as a frame',
    );
  } catch (error) {
    frame.free();
    throw error;
  }
  return frame;
}

let aliased: boolean | undefined;

/**
 * Whether `fromBuffer` really points the frame at the memory that it is given. It does in node-av 6, and all that is written
 * without a copy rests on it, but its documentation doesn't promise it: so it is tried, once.
 */
export function framesAliasMemory(): boolean {
  aliased ??= tryAlias();
  return aliased;
}

function tryAlias(): boolean {
  const bytes = new Uint8Array(SIMD_OVERRUN);
  const frame = frameOver(bytes, SIMD_OVERRUN, 1, 'gray8');
  const seen = frame.data?.[0];
  if (seen !== undefined) seen[7] = 42;
  frame.free();
  return bytes[7] === 42;
}

/** Whether no row of any plane has padding. */
export function isPacked(texture: Texture): boolean {
  return texture.planes.every((plane) => plane.stride === rowBytes(plane));
}

export function rowBytes({ width, channels, data }: Texture['planes'][number]): number {
  return width * channels * data.BYTES_PER_ELEMENT;
}

/**
 * Whether FFmpeg may write rows of this texture itself. Its vector code stores whole registers: where a row is no multiple of
 * one, it runs up to 45 bytes over the end, which in a pool is the beginning of somebody else's frame.
 */
export function isWritableInPlace(texture: Texture): boolean {
  return framesAliasMemory() && isPacked(texture) && texture.stride % SIMD_OVERRUN === 0;
}

/**
 * The pixels of a texture, packed, with room behind them that FFmpeg may read: the texture's own memory where more of the same
 * mapping follows, a copy where the mapping ends with the frame (reading on would be a fault) or where its rows are padded.
 */
export async function readable(texture: Texture): Promise<Uint8Array> {
  const { bytes } = texture;
  const mapped = bytes.buffer.byteLength - bytes.byteOffset - bytes.byteLength;
  if (isPacked(texture) && framesAliasMemory() && mapped >= SIMD_OVERRUN) return bytes;
  const { planes } = texture;
  const length = planes.reduce((sum, plane) => sum + rowBytes(plane) * plane.height, 0);
  const copy = new Uint8Array(length + SIMD_OVERRUN);
  let to = 0;
  for (const plane of planes) {
    const row = rowBytes(plane);
    await copyRows({
      from: bytes.subarray(plane.offset),
      fromStride: plane.stride,
      to: copy.subarray(to),
      toStride: row,
      rowBytes: row,
      rows: plane.height,
    });
    to += row * plane.height;
  }
  return copy.subarray(0, length);
}

export interface RowCopy {
  readonly from: Uint8Array;
  readonly fromStride: number;
  readonly to: Uint8Array;
  readonly toStride: number;
  readonly rowBytes: number;
  readonly rows: number;
}

/** So many bytes are copied in well under 2 ms; then the event loop gets a turn. */
const SLICE_BYTES = 1 << 20;

/** Copies a picture, without holding the event loop for one that is large. */
export async function copyRows({ from, fromStride, to, toStride, rowBytes, rows }: RowCopy): Promise<void> {
  let copied = 0;
  for (let y = 0; y < rows; y++) {
    to.set(from.subarray(y * fromStride, y * fromStride + rowBytes), y * toStride);
    copied += rowBytes;
    if (copied < SLICE_BYTES) continue;
    copied = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
