import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BridgeError,
  bytesPerPixel,
  describePixelFormat,
  FramePool,
  pixelFormats,
  Texture,
} from '../index.js';
import { VideoFrame } from '../schema/shipped.js';
import { closing, expectNoLeaks } from '../testing/leaks.js';
import { framePair } from '../testing/pair.js';
import { type Colour, colourBits, colourNames, colourOf } from './colour.js';

expectNoLeaks();

function loan(pool: FramePool, ...args: Parameters<FramePool['texture']>): Texture {
  const texture = pool.texture(...args);
  if (texture === null) throw new Error('the pool is exhausted');
  return texture;
}

const hdr: Colour = {
  range: 'limited',
  matrix: 'bt2020nc',
  transfer: 'smpte2084',
  primaries: 'bt2020',
};

describe('a picture of any format', () => {
  it('has planes inside of its memory, one behind the other, of the elements that its format says', () => {
    const pool = closing(new FramePool());
    const size = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(fc.constantFrom(...pixelFormats), size, size, (format, width, height) => {
        const texture = loan(pool, width, height, format);
        const { planes, bytes } = texture;
        const { element, planes: names } = describePixelFormat(format);
        let end = 0;
        for (const plane of planes) {
          expect(plane.offset).toBe(end);
          end += plane.stride * plane.height;
          expect(plane.width * plane.channels * plane.data.BYTES_PER_ELEMENT).toBeLessThanOrEqual(
            plane.stride,
          );
          expect(plane.data.byteOffset).toBe(bytes.byteOffset + plane.offset);
          expect(plane.data.byteLength).toBe(plane.stride * plane.height);
          expect(plane.data.constructor.name.toLowerCase()).toBe(`${element}array`);
        }
        expect(end).toBe(texture.byteLength);
        expect(planes.map(({ name }) => name)).toEqual(names);
        texture.close();
      }),
      { numRuns: 200 },
    );
  });

  it('crosses with its colours, and a picture without says that nothing is specified', async () => {
    const { sender, receiver } = await framePair(VideoFrame);
    const pool = closing(new FramePool());
    for (const [number, format] of pixelFormats.entries()) {
      for (const colour of [undefined, hdr]) {
        const texture = loan(pool, 13, 7, format, colour);
        texture.bytes.fill(number + 1);
        sender.connection.sendFrame(0, number + 1, {
          pixel_buffer: texture,
          timestamp_ns: 1n,
          frame_number: 2n,
        });
        const { value } = await receiver.frame();
        const received = value.pixel_buffer;
        if (!(received instanceof Texture)) throw new Error('no texture');
        expect(received).toMatchObject({ width: 13, height: 7, format, stride: texture.stride });
        expect(received.colour).toEqual(
          colour ?? {
            range: 'unspecified',
            matrix: 'unspecified',
            transfer: 'unspecified',
            primaries: 'unspecified',
          },
        );
        expect(received.bytes.every((byte) => byte === number + 1)).toBe(true);
        const copy = received.clone();
        expect(copy.colour).toEqual(received.colour);
        for (const handle of [copy, received, texture]) handle.close();
      }
    }
  });

  it('has no planes once it is closed', () => {
    const pool = closing(new FramePool());
    const texture = loan(pool, 4, 4, 'nv12');
    texture.close();
    expect(() => texture.planes).toThrow(BridgeError);
  });
});

describe('names', () => {
  it('of colours are those of the native part: each leads back, and others are refused', () => {
    const pool = closing(new FramePool());
    for (const key of ['range', 'matrix', 'transfer', 'primaries'] as const)
      for (const name of colourNames[key]) {
        const colour = { ...hdr, [key]: name } as Colour;
        expect(colourOf(colourBits(colour))).toEqual(colour);
        const texture = loan(pool, 2, 2, 'gray8', colour);
        expect(texture.colour).toEqual(colour);
        texture.close();
      }
    const wrong = { matrix: 'rec709' } as unknown as Colour;
    expect(() => pool.texture(2, 2, 'nv12', wrong)).toThrow(
      /Unknown colour matrix "rec709"; use one of gbr, bt709/,
    );
  });

  it('of formats without pixels one behind the other have no bytes for each', () => {
    expect(pixelFormats.slice(0, 5).map(bytesPerPixel)).toEqual([3, 4, 4, 3, 1]);
    expect((['gray16', 'rgba16', 'rgbf32'] as const).map(bytesPerPixel)).toEqual([2, 8, 12]);
    for (const format of ['nv12', 'uyvy8', 'rgb10'] as const)
      expect(() => bytesPerPixel(format)).toThrow(/use the texture's planes/);
  });
});
