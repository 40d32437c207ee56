import type { PixelFormat, Texture } from '@streamlib/host-bridge';
import { bytesPerPixel } from '@streamlib/host-bridge';
import { Frame } from 'node-av';
import {
  AV_PIX_FMT_BGR24,
  AV_PIX_FMT_BGRA,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_RGBA,
  type AVPixelFormat,
} from 'node-av/constants';
import { check } from './library.js';

/** How far FFmpeg's vector code may read or write beyond the last pixel (its own buffers are padded by as much). */
export const SIMD_OVERRUN = 64;

const FORMATS: Readonly<Record<PixelFormat, AVPixelFormat>> = {
  rgb8: AV_PIX_FMT_RGB24,
  rgba8: AV_PIX_FMT_RGBA,
  bgra8: AV_PIX_FMT_BGRA,
  bgr8: AV_PIX_FMT_BGR24,
  gray8: AV_PIX_FMT_GRAY8,
};

export function avFormat(format: PixelFormat): AVPixelFormat {
  return FORMATS[format];
}

/**
 * A frame whose pixels are the caller's memory, not a copy of it. `bytes` must stay valid while the frame is in use; freeing
 * the frame leaves them alone.
 */
export function frameOver(bytes: Uint8Array, width: number, height: number, format: PixelFormat): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = avFormat(format);
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

export function isPacked(texture: Texture): boolean {
  return texture.stride === texture.width * bytesPerPixel(texture.format);
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
export function readable(texture: Texture): Uint8Array {
  const { bytes } = texture;
  const mapped = bytes.buffer.byteLength - bytes.byteOffset - bytes.byteLength;
  if (isPacked(texture) && framesAliasMemory() && mapped >= SIMD_OVERRUN) return bytes;
  const row = texture.width * bytesPerPixel(texture.format);
  const copy = new Uint8Array(row * texture.height + SIMD_OVERRUN);
  for (let y = 0; y < texture.height; y++) {
    const from = y * texture.stride;
    copy.set(bytes.subarray(from, from + row), y * row);
  }
  return copy.subarray(0, row * texture.height);
}
