import { FramePool, type PixelFormat, pixelFormats } from '@streamlib/host-bridge';
import { avImageAlloc, avImageGetBufferSize } from 'node-av';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../errors/media-error.js';
import { avFormat, isPacked } from './foreign-memory.js';

function known(format: PixelFormat): boolean {
  try {
    avFormat(format);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false;
    throw error;
  }
}

const formats = pixelFormats.filter(known);

describe('pictures lie in memory as FFmpeg expects them', () => {
  it('for most formats', () => {
    expect(pixelFormats.filter((format) => !known(format))).toEqual([
      'rgbf32',
      'rgbaf32',
      'uyvp10',
      'uyvp12',
      'rgb10',
      'rgb12',
      'v210',
    ]);
  });

  it.each(formats)('%s: size and lengths of rows', (format) => {
    const pool = new FramePool();
    for (const [width, height] of [
      [64, 32],
      [63, 31],
      [1, 1],
      [2, 3],
      [321, 181],
    ] as const) {
      const texture = pool.texture(width, height, format);
      if (texture === null) throw new Error('no texture');
      const size = `${width}x${height}`;
      expect(texture.byteLength, size).toBe(avImageGetBufferSize(avFormat(format), width, height, 1));
      const { linesizes } = avImageAlloc(width, height, avFormat(format), 1);
      expect(
        texture.planes.map(({ stride }) => stride),
        size,
      ).toEqual(linesizes.filter((length) => length > 0));
      expect(isPacked(texture)).toBe(true);
      texture.close();
    }
    pool.close();
  });
});
