import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from './png.js';

/** Reads back what the encoder wrote, by the specification's words alone. */
function decode(png: Buffer): { width: number; height: number; rows: number[][] } {
  const size = { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
  const channels = { 0: 1, 2: 3, 6: 4 }[png[25] ?? 9] ?? 0;
  const data = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
  const row = size.width * channels;
  const rows: number[][] = [];
  for (let y = 0; y < size.height; y++) {
    expect(data[y * (row + 1)]).toBe(2);
    rows.push(
      Array.from(
        { length: row },
        (_, x) => ((data[y * (row + 1) + 1 + x] ?? 0) + (rows[y - 1]?.[x] ?? 0)) & 255,
      ),
    );
  }
  return { ...size, rows };
}

describe('encodePng', () => {
  it.each([1, 3, 4] as const)('writes pictures of %i channels', (channels) => {
    const [width, height] = [7, 5];
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) & 255);
    const { rows, ...size } = decode(encodePng({ width, height, channels, pixels }));
    expect(size).toEqual({ width, height });
    expect(rows.flat()).toEqual([...pixels]);
  });

  it('refuses pixels that are no such picture', () => {
    expect(() => encodePng({ width: 2, height: 2, channels: 3, pixels: new Uint8Array(11) })).toThrow(
      RangeError,
    );
  });
});
