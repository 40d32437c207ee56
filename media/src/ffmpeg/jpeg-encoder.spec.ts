import { writeFileSync } from 'node:fs';
import { FramePool, pixelFormats } from '@streamlib/host-bridge';
import { afterAll, describe, expect, it } from 'vitest';
import { drawTestPattern } from '../camera/test-pattern.js';
import { TemporaryFolder, withTexture } from '../testing/clips.js';
import { decodeDirectly } from '../testing/direct.js';
import { distanceFromPattern, pixelAt } from '../testing/pictures.js';
import { JpegEncoder, quantiser } from './jpeg-encoder.js';

const folder = new TemporaryFolder();
afterAll(() => folder.remove());

async function decode(jpeg: Buffer) {
  const path = folder.file('picture.jpg');
  writeFileSync(path, jpeg);
  const [picture] = await decodeDirectly(path);
  if (picture === undefined) throw new Error('no picture');
  return picture;
}

async function encoded(width: number, height: number, quality: number): Promise<Buffer> {
  const encoder = new JpegEncoder(quality);
  try {
    return await withTexture(width, height, (texture) => {
      drawTestPattern(texture, 11);
      return encoder.encode(texture);
    });
  } finally {
    encoder.close();
  }
}

describe('JpegEncoder', () => {
  it.each([
    [1280, 720],
    [321, 181],
    [2, 2],
  ])('writes the picture that it is given, %i×%i', async (width, height) => {
    const picture = await decode(await encoded(width, height, 95));
    expect(picture).toMatchObject({ width, height });
    // At 2×2 four colours share one; it is about the size there.
    if (width > 2) expect(distanceFromPattern(picture, 11)).toBeLessThan(5);
  });

  it('writes the colours of every format', async () => {
    const encoder = new JpegEncoder(95);
    const pool = new FramePool();
    const drawn = pixelFormats.filter(
      (format) => format.endsWith('8') && !format.endsWith('yvy8') && format !== 'yuyv8',
    );
    expect(drawn).toEqual(['rgb8', 'rgba8', 'bgra8', 'bgr8', 'gray8']);
    for (const format of drawn) {
      const texture = pool.texture(64, 32, format);
      if (texture === null) throw new Error('no texture');
      drawTestPattern(texture, 0);
      const [red, green, blue] = pixelAt(await decode(await encoder.encode(texture)), 12, 28);
      texture.close();
      const [r, g, b] = format === 'gray8' ? [210, 210, 210] : [235, 235, 16];
      for (const [is, should] of [
        [red, r],
        [green, g],
        [blue, b],
      ] as const)
        expect(Math.abs(is - should), format).toBeLessThan(12);
    }
    pool.close();
    encoder.close();
  });

  it.each([
    ['limited', 'smpte170m', 81, 90, 240, [255, 0, 0]],
    ['full', 'smpte170m', 76, 85, 255, [254, 0, 0]],
    ['limited', 'bt709', 63, 102, 240, [255, 0, 0]],
    ['limited', 'unspecified', 145, 54, 34, [0, 255, 0]],
  ] as const)('takes luma of range %s and matrix %s for what it is', async (range, matrix, y, u, v, rgb) => {
    const encoder = new JpegEncoder(100);
    const pool = new FramePool();
    const formats = ['nv12', 'i420', 'i422', 'i444', 'yuyv8', 'uyvy8', 'p010'] as const;
    const value = { y, u, v } as const;
    for (const format of formats) {
      const texture = pool.texture(35, 21, format, { range, matrix });
      if (texture === null) throw new Error('no texture');
      for (const { name, data } of texture.planes) {
        const letters = [...name].filter((letter): letter is 'y' | 'u' | 'v' => letter in value);
        for (let at = 0; at < data.length; at++)
          data[at] = value[letters[at % letters.length] ?? 'y'] * (format === 'p010' ? 256 : 1);
      }
      const seen = pixelAt(await decode(await encoder.encode(texture)), 12, 8);
      texture.close();
      for (const [at, should] of rgb.entries())
        expect(Math.abs((seen[at] ?? -99) - should), `${format} ${seen}`).toBeLessThan(12);
    }
    pool.close();
    encoder.close();
  });

  it('says of a format that FFmpeg does not read what to do', async () => {
    const encoder = new JpegEncoder(90);
    const pool = new FramePool();
    for (const format of ['uyvp10', 'rgb10', 'v210', 'rgbf32'] as const) {
      const texture = pool.texture(16, 16, format);
      if (texture === null) throw new Error('no texture');
      await expect(encoder.encode(texture)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(`no pictures of ${format}; convert them before`),
      });
      texture.close();
    }
    pool.close();
    encoder.close();
  });

  it('spends more bytes on more quality', async () => {
    const sizes = [];
    for (const quality of [10, 60, 100]) sizes.push((await encoded(320, 180, quality)).length);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect([quantiser(1), quantiser(100)]).toEqual([31, 2]);
  });

  it('follows a change of size', async () => {
    const encoder = new JpegEncoder(80);
    for (const [width, height] of [
      [64, 32],
      [32, 64],
      [64, 32],
    ] as const) {
      const jpeg = await withTexture(width, height, (texture) => {
        drawTestPattern(texture, 0);
        return encoder.encode(texture);
      });
      expect(await decode(jpeg)).toMatchObject({ width, height });
    }
    encoder.close();
  });
});
