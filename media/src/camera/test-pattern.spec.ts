import { bytesPerPixel, type pixelFormats } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { pixelAt } from '../testing/pictures.js';
import { drawTestPattern, testPatternPixel } from './test-pattern.js';

function canvas(width: number, height: number, format: (typeof pixelFormats)[number], padding = 0) {
  const stride = width * bytesPerPixel(format) + padding;
  return { width, height, stride, format, bytes: new Uint8Array(stride * height).fill(77) };
}

describe('the test pattern', () => {
  it.each([0, 1, 57, 1000])('is drawn as its pixels are told, frame %i', (n) => {
    const drawn = canvas(64, 36, 'rgb8', 5);
    drawTestPattern(drawn, n);
    for (let y = 0; y < 36; y++)
      for (let x = 0; x < 64; x++)
        expect(pixelAt(drawn, x, y)).toEqual([...testPatternPixel(n, x, y, 64, 36)]);
  });

  it('leaves the padding of rows alone', () => {
    const drawn = canvas(16, 8, 'rgb8', 4);
    drawTestPattern(drawn, 3);
    for (let y = 0; y < 8; y++)
      expect([...drawn.bytes.subarray(y * drawn.stride + 48, (y + 1) * drawn.stride)]).toEqual([
        77, 77, 77, 77,
      ]);
  });

  it('puts the channels where the format wants them', () => {
    const first = (format: (typeof pixelFormats)[number]) => {
      const drawn = canvas(16, 2, format);
      drawTestPattern(drawn, 0);
      return [...drawn.bytes.subarray(15 * bytesPerPixel(format), 16 * bytesPerPixel(format))];
    };
    const yellow = (format: (typeof pixelFormats)[number]) => {
      const drawn = canvas(16, 2, format);
      drawTestPattern(drawn, 0);
      return [...drawn.bytes.subarray(3 * bytesPerPixel(format), 4 * bytesPerPixel(format))];
    };
    expect(first('rgb8')).toEqual([16, 16, 16]);
    expect(yellow('rgb8')).toEqual([235, 235, 16]);
    expect(yellow('bgr8')).toEqual([16, 235, 235]);
    expect(yellow('rgba8')).toEqual([235, 235, 16, 255]);
    expect(yellow('bgra8')).toEqual([16, 235, 235, 255]);
    expect(yellow('gray8')).toEqual([210]);
  });

  it('moves', () => {
    const at = (n: number) => {
      const drawn = canvas(64, 36, 'rgb8');
      drawTestPattern(drawn, n);
      return drawn.bytes;
    };
    expect(at(1)).not.toEqual(at(0));
    expect(at(0)).toEqual(at(0));
  });
});
