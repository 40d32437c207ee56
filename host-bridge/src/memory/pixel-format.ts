import { BridgeError } from '../errors/bridge-error.js';

/** The channels of a pixel, one byte each, in their order in memory. */
export type PixelFormat = 'rgb8' | 'rgba8' | 'bgra8' | 'bgr8' | 'gray8';

/** In the order of the wire: the index is the format's number. */
export const pixelFormats: readonly PixelFormat[] = ['rgb8', 'rgba8', 'bgra8', 'bgr8', 'gray8'];

export function formatIndex(format: PixelFormat): number {
  const index = pixelFormats.indexOf(format);
  if (index < 0) {
    throw new BridgeError('value', `Unknown pixel format "${format}"; use one of ${pixelFormats.join(', ')}`);
  }
  return index;
}

/**
 * The bytes of one pixel: 1, 3 or 4.
 *
 * @param format - Its format.
 */
export function bytesPerPixel(format: PixelFormat): number {
  if (format === 'gray8') return 1;
  return format === 'rgb8' || format === 'bgr8' ? 3 : 4;
}
