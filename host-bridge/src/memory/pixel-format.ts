import { BridgeError } from '../errors/bridge-error.js';

/** How a component lies in memory; all little endian. */
export type PixelElement = 'uint8' | 'uint16' | 'float32';

/** What the bytes of a pixel format mean. */
export interface PixelFormatDescription {
  /** `yuv`: luma and two colour differences, by the matrix of the texture's `colour`. */
  readonly model: 'gray' | 'rgb' | 'yuv';
  /** The planes in their order; each name lists the components as they lie: `y`, `uv`, `rgba`, `uyvy`. */
  readonly planes: readonly string[];
  /** What an element of the planes is. */
  readonly element: PixelElement;
  /** Bits of a component that mean something: of `p010` the upper 10 of 16. 32: a float, 0 to 1. */
  readonly bits: number;
  /** Components do not begin at whole bytes: the plane's data are the bytes of the groups. */
  readonly bitPacked: boolean;
}

function packed(
  model: 'gray' | 'rgb' | 'yuv',
  plane: string,
  element: PixelElement,
  bits = { uint8: 8, uint16: 16, float32: 32 }[element],
  bitPacked = false,
): PixelFormatDescription {
  return { model, planes: [plane], element, bits, bitPacked };
}

function planar(planes: readonly string[], element: PixelElement, bits: number): PixelFormatDescription {
  return { model: 'yuv', planes, element, bits, bitPacked: false };
}

const descriptions = {
  rgb8: packed('rgb', 'rgb', 'uint8'),
  rgba8: packed('rgb', 'rgba', 'uint8'),
  bgra8: packed('rgb', 'bgra', 'uint8'),
  bgr8: packed('rgb', 'bgr', 'uint8'),
  gray8: packed('gray', 'gray', 'uint8'),
  gray16: packed('gray', 'gray', 'uint16'),
  rgb16: packed('rgb', 'rgb', 'uint16'),
  rgba16: packed('rgb', 'rgba', 'uint16'),
  grayf32: packed('gray', 'gray', 'float32'),
  rgbf32: packed('rgb', 'rgb', 'float32'),
  rgbaf32: packed('rgb', 'rgba', 'float32'),
  nv12: planar(['y', 'uv'], 'uint8', 8),
  i420: planar(['y', 'u', 'v'], 'uint8', 8),
  i422: planar(['y', 'u', 'v'], 'uint8', 8),
  i444: planar(['y', 'u', 'v'], 'uint8', 8),
  p010: planar(['y', 'uv'], 'uint16', 10),
  yuyv8: packed('yuv', 'yuyv', 'uint8'),
  uyvy8: packed('yuv', 'uyvy', 'uint8'),
  uyvp10: packed('yuv', 'uyvy', 'uint8', 10, true),
  uyvp12: packed('yuv', 'uyvy', 'uint8', 12, true),
  rgb10: packed('rgb', 'rgb', 'uint8', 10, true),
  rgb12: packed('rgb', 'rgb', 'uint8', 12, true),
  v210: packed('yuv', 'uyvy', 'uint8', 10, true),
} satisfies Record<string, PixelFormatDescription>;

/** The name of a pixel format. */
export type PixelFormat = keyof typeof descriptions;

/** In the order of the wire: the index is the format's number. */
export const pixelFormats: readonly PixelFormat[] = Object.keys(descriptions).filter(isPixelFormat);

/**
 * Whether a pixel format has this name.
 *
 * @param name - Any text.
 */
export function isPixelFormat(name: string): name is PixelFormat {
  return Object.hasOwn(descriptions, name);
}

/**
 * What the bytes of a format mean.
 *
 * @param format - Its name.
 */
export function describePixelFormat(format: PixelFormat): PixelFormatDescription {
  return descriptions[format];
}

export function formatIndex(format: PixelFormat): number {
  const index = pixelFormats.indexOf(format);
  if (index < 0) {
    throw new BridgeError('value', `Unknown pixel format "${format}"; use one of ${pixelFormats.join(', ')}`);
  }
  return index;
}

/**
 * Bytes from one pixel to the next.
 *
 * @param format - Its format.
 * @throws {@link BridgeError} `value` for a format whose pixels do not lie one behind the other.
 */
export function bytesPerPixel(format: PixelFormat): number {
  if (format === 'rgb8' || format === 'bgr8') return 3;
  const { model, planes, element, bitPacked } = descriptions[format];
  const [plane] = planes;
  if (model === 'yuv' || bitPacked || plane === undefined)
    throw new BridgeError(
      'value',
      `Pixels of ${format} do not lie one behind the other; use the texture's planes`,
    );
  const channels = model === 'gray' ? 1 : plane.length;
  return channels * { uint8: 1, uint16: 2, float32: 4 }[element];
}
