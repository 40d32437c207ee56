import {
  type Colour,
  describePixelFormat,
  FramePool,
  type PixelFormat,
  pixelFormats,
  type Texture,
} from '@streamlib/host-bridge';
import { afterAll, describe, expect, it } from 'vitest';
import { pictureOf } from './picture.js';

const pool = new FramePool();
afterAll(() => pool.close());

function withTexture<T>(
  [width, height]: readonly [number, number],
  format: PixelFormat,
  colour: Partial<Colour>,
  use: (texture: Texture) => T,
): T {
  const texture = pool.texture(width, height, format, colour);
  if (texture === null) throw new Error('no texture');
  texture.bytes.fill(0);
  try {
    return use(texture);
  } finally {
    texture.close();
  }
}

/** Numbers one behind the other, the first in the highest bits. */
function bitsOf(numbers: readonly number[], bits: number): number[] {
  const text = numbers.map((number) => number.toString(2).padStart(bits, '0')).join('');
  return (text.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

/** One colour everywhere, of components of 8 bits that are made as wide as the format has them. */
function flood(texture: Texture, values: Readonly<Record<string, number>>): void {
  const { format, planes } = texture;
  const { bits, bitPacked } = describePixelFormat(format);
  for (const { name, data } of planes) {
    const letters = name === 'gray' ? ['gray'] : [...name];
    const wide = letters.map((letter) => (values[letter] ?? 0) * 2 ** (Math.min(bits, 16) - 8));
    if (format === 'v210') {
      const twelve = [...wide, ...wide, ...wide];
      for (let word = 0; word < data.length / 4; word++) {
        const [a, b, c] = [0, 1, 2].map((n) => twelve[((word % 4) * 3 + n) % 12] ?? 0);
        new DataView(data.buffer, data.byteOffset + 4 * word, 4).setUint32(
          0,
          ((a ?? 0) | ((b ?? 0) << 10) | ((c ?? 0) << 20)) >>> 0,
          true,
        );
      }
    } else if (bitPacked) {
      const group = bitsOf([...wide, ...wide, ...wide, ...wide], bits);
      for (let at = 0; at < data.length; at++) data[at] = group[at % group.length] ?? 0;
    } else {
      const unit = format === 'p010' ? 64 : 1;
      for (let at = 0; at < data.length; at++) {
        const value = values[letters[at % letters.length] ?? ''] ?? 0;
        data[at] = bits === 32 ? value / 255 : (wide[at % letters.length] ?? 0) * unit;
      }
    }
  }
}

const yuv = pixelFormats.filter((format) => describePixelFormat(format).model === 'yuv');
const rgb = pixelFormats.filter((format) => describePixelFormat(format).model === 'rgb');

describe('a picture of luma and colour differences', () => {
  it.each([
    ['limited', 'smpte170m', { y: 81, u: 90, v: 240 }, [255, 0, 0]],
    ['full', 'smpte170m', { y: 76, u: 85, v: 255 }, [254, 0, 0]],
    ['limited', 'bt709', { y: 63, u: 102, v: 240 }, [255, 0, 0]],
    ['limited', 'bt2020nc', { y: 74, u: 97, v: 240 }, [255, 0, 0]],
    // As players take it: BT.601 and limited below 720 rows.
    ['unspecified', 'unspecified', { y: 145, u: 54, v: 34 }, [0, 255, 0]],
    ['limited', 'bt709', { y: 235, u: 128, v: 128 }, [255, 255, 255]],
    ['limited', 'bt709', { y: 16, u: 128, v: 128 }, [0, 0, 0]],
  ] as const)('of range %s and matrix %s is shown in its colours', (range, matrix, values, expected) => {
    for (const format of yuv)
      withTexture([13, 7], format, { range, matrix }, (texture) => {
        flood(texture, values);
        const { width, height, channels, pixels } = pictureOf(texture, 100);
        expect([width, height, channels]).toEqual([13, 7, 3]);
        for (let at = 0; at < pixels.length; at++)
          expect(Math.abs((pixels[at] ?? -99) - (expected[at % 3] ?? 0)), `${format} ${at}`).toBeLessThan(3);
      });
  });

  it('is taken for BT.709 from 720 rows on', () => {
    withTexture([4, 720], 'nv12', {}, (texture) => {
      flood(texture, { y: 63, u: 102, v: 240 });
      const { pixels } = pictureOf(texture, 100);
      expect((pixels[0] ?? 0) > 250 && (pixels[1] ?? 9) < 3 && (pixels[2] ?? 9) < 3).toBe(true);
    });
  });

  it('has each pixel where it is', () => {
    // Luma counts up from pixel to pixel; grey, so that each number is seen again.
    for (const format of ['nv12', 'i420', 'i422', 'i444', 'yuyv8', 'uyvy8', 'p010'] as const)
      withTexture([7, 5], format, { range: 'full', matrix: 'bt709' }, (texture) => {
        flood(texture, { y: 0, u: 128, v: 128 });
        const [plane] = texture.planes;
        if (plane === undefined) throw new Error('no plane');
        const { data, stride } = plane;
        const row = stride / data.BYTES_PER_ELEMENT;
        const [step, first] = format === 'yuyv8' ? [2, 0] : format === 'uyvy8' ? [2, 1] : [1, 0];
        for (let n = 0; n < 35; n++)
          data[Math.floor(n / 7) * row + (n % 7) * step + first] = (n + 40) * (format === 'p010' ? 257 : 1);
        const { pixels } = pictureOf(texture, 100);
        const seen = Array.from({ length: 35 }, (_, n) => pixels[3 * n]);
        expect(
          seen.map((value, n) => Math.abs((value ?? 0) - n - 40) <= 1),
          `${format} ${seen}`,
        ).toEqual(Array(35).fill(true));
      });
  });
});

describe('a picture of red, green and blue', () => {
  it('is shown in its colours, whatever its numbers are', () => {
    for (const format of rgb)
      withTexture([5, 3], format, {}, (texture) => {
        flood(texture, { r: 200, g: 100, b: 50, a: 255 });
        const { channels, pixels } = pictureOf(texture, 100);
        const expected = channels === 4 ? [200, 100, 50, 255] : [200, 100, 50];
        for (let at = 0; at < pixels.length; at++)
          expect(Math.abs((pixels[at] ?? -99) - (expected[at % channels] ?? 0)), format).toBeLessThan(3);
      });
  });

  it('of limited range is stretched, and linear light is made for a screen', () => {
    withTexture([2, 2], 'gray16', { range: 'limited' }, (texture) => {
      flood(texture, { gray: 235 });
      expect(pictureOf(texture, 100)).toMatchObject({
        channels: 1,
        pixels: Uint8Array.of(255, 255, 255, 255),
      });
    });
    withTexture([1, 1], 'grayf32', { transfer: 'linear' }, (texture) => {
      texture.planes[0]?.data.fill(0.5);
      expect(pictureOf(texture, 100).pixels[0]).toBe(188);
    });
    withTexture([1, 1], 'rgbf32', {}, (texture) => {
      texture.planes[0]?.data.set([-1, Number.NaN, 7]);
      expect([...pictureOf(texture, 100).pixels]).toEqual([0, 0, 255]);
    });
  });
});

it('every format is made smaller', () => {
  for (const format of pixelFormats)
    withTexture([64, 32], format, {}, (texture) => {
      const { width, height, channels, pixels } = pictureOf(texture, 16);
      expect([width, height, pixels.length]).toEqual([16, 8, 16 * 8 * channels]);
    });
});
