import { describePixelFormat, type Texture } from '@streamlib/host-bridge';

/** Puts the components of a pixel (`y`, `u`, `v` or `r`, `g`, `b`) into `out`, as the numbers that they are. */
export type ComponentReader = (x: number, y: number, out: Float64Array) => void;

/** Reads pixels of bit-packed formats: components of 10 or 12 bits without regard to bytes. */
export function groupReader(texture: Texture): ComponentReader {
  const { format } = texture;
  const { model, bits } = describePixelFormat(format);
  const [plane] = texture.planes;
  if (plane === undefined) throw new RangeError(`${format} has no plane`);
  const { data, stride, channels } = plane;
  const number = format === 'v210' ? inWords : inBits(bits);
  // Four components stand for two pixels of 4:2:2; three for one of red, green and blue.
  const [pixels, components] = model === 'yuv' ? [2, 4] : [1, 3];
  const count = format === 'v210' ? 12 : (channels * 8) / bits;
  const perGroup = (count / components) * pixels;
  return (x, y, out) => {
    const within = x % perGroup;
    const at = y * stride + ((x - within) / perGroup) * channels;
    if (model === 'rgb') {
      for (let c = 0; c < 3; c++) out[c] = number(data, at, within * 3 + c);
      return;
    }
    const pair = (within >> 1) * 4;
    out[0] = number(data, at, pair + 1 + 2 * (within & 1));
    out[1] = number(data, at, pair);
    out[2] = number(data, at, pair + 2);
  };
}

type Data = Texture['planes'][number]['data'];

/** The first component in the highest bits: no component of up to 12 bits lies in more than two bytes, for each begins at an even bit. */
function inBits(bits: number): (data: Data, at: number, index: number) => number {
  const mask = 2 ** bits - 1;
  return (data, at, index) => {
    const bit = index * bits;
    const byte = at + (bit >> 3);
    const two = ((data[byte] ?? 0) << 8) | (data[byte + 1] ?? 0);
    return (two >> (16 - (bit & 7) - bits)) & mask;
  };
}

/** Three to a word of 32 bits, little endian, the first in the lowest bits. */
function inWords(data: Data, at: number, index: number): number {
  const byte = at + 4 * Math.floor(index / 3);
  const shift = 10 * (index % 3);
  const word =
    (data[byte] ?? 0) |
    ((data[byte + 1] ?? 0) << 8) |
    ((data[byte + 2] ?? 0) << 16) |
    ((data[byte + 3] ?? 0) << 24);
  return (word >>> shift) & 1023;
}
