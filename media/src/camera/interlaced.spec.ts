import { AV_CODEC_FLAG_INTERLACED_DCT, AV_CODEC_FLAG_INTERLACED_ME } from 'node-av/constants';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, withTexture } from '../testing/clips.js';
import { type Film, makeFilm } from '../testing/films.js';
import { keep, type Pixels, pixelAt } from '../testing/pictures.js';
import { FileSource } from './file-source.js';

const folder = new TemporaryFolder();
const { signal } = new AbortController();
const INTERLACED = [AV_CODEC_FLAG_INTERLACED_DCT, AV_CODEC_FLAG_INTERLACED_ME];
/** A white bar that goes quickly to the right: where two fields are in one picture, its edges are combs. */
const bar = (size: string, rate: number) =>
  `color=black:size=${size}:rate=${rate}:duration=0.6,format=yuv420p,geq=lum='if(between(X,N*8,N*8+40),235,16)':cb=128:cr=128`;
const woven = (size: string, order: 'top' | 'bottom') =>
  `${bar(size, 50)},tinterlace=interleave_${order},setfield=${order === 'top' ? 'tff' : 'bff'},format=yuv420p`;

const films: Record<string, Film> = {
  'h264.mp4': {
    pictures: woven('320x240', 'top'),
    encoder: 'libx264',
    fps: 25,
    flags: INTERLACED,
    options: { qp: '4' },
  },
  'h264-bottom.mkv': {
    pictures: woven('320x240', 'bottom'),
    encoder: 'libx264',
    fps: 25,
    flags: INTERLACED,
    options: { qp: '4', 'x264-params': 'bff=1' },
  },
  'mpeg2.ts': {
    pictures: woven('320x240', 'top'),
    encoder: 'mpeg2video',
    fps: 25,
    flags: INTERLACED,
    options: { b: '20000000' },
  },
  'film.dv': {
    pictures: woven('720x576', 'bottom'),
    encoder: 'dvvideo',
    fps: 25,
    flags: [AV_CODEC_FLAG_INTERLACED_DCT],
  },
};

beforeAll(async () => {
  for (const [name, film] of Object.entries(films)) await makeFilm(folder.file(name), film);
  await makeFilm(folder.file('whole.mp4'), {
    pictures: bar('320x240', 25),
    encoder: 'libx264',
    fps: 25,
    options: { qp: '4' },
  });
}, 60_000);
afterAll(() => folder.remove());

interface Shown {
  readonly ms: number;
  readonly picture: Pixels;
}

async function show(name: string, deinterlace?: 'auto' | 'off' | 'bob', most = 1000): Promise<Shown[]> {
  const source = await FileSource.open(folder.file(name), {
    loop: most < 1000,
    onDamage: () => {},
    ...(deinterlace && { wishes: { deinterlace } }),
  });
  const shown: Shown[] = [];
  try {
    while (shown.length < most) {
      const picture = await source.next(signal);
      if (picture === null) break;
      await withTexture(picture.size.width, picture.size.height, async (texture) => {
        await picture.draw(texture);
        shown.push({ ms: Number(picture.timestamp) / 1e6, picture: keep(texture) });
      });
    }
  } finally {
    await source.close();
  }
  return shown;
}

/** How much neighbouring rows differ, in the middle of the picture. */
function combs({ picture }: Shown): number {
  let sum = 0;
  const y = 2 * Math.floor(picture.height / 4);
  for (let x = 0; x < picture.width; x++)
    sum += Math.abs(pixelAt(picture, x, y)[0] - pixelAt(picture, x, y + 1)[0]);
  return sum / picture.width;
}

const grid = (count: number, step: number) => Array.from({ length: count }, (_, n) => n * step);
const times = (shown: Shown[]) => {
  const [first] = shown;
  return shown.map(({ ms }) => Math.round(ms - (first?.ms ?? 0)));
};

describe('interlaced video failed at its first picture (G6)', () => {
  it.each(Object.keys(films))('%s comes whole: every picture, at its time, without combs', async (name) => {
    const [auto, off] = [await show(name), await show(name, 'off')];
    expect(times(auto)).toEqual(grid(15, 40));
    expect(times(off)).toEqual(grid(15, 40));
    // The bar is within the picture for all of them.
    expect(Math.min(...off.slice(2, 13).map(combs))).toBeGreaterThan(4);
    expect(Math.max(...auto.slice(2, 13).map(combs))).toBeLessThan(2);
  });

  it.each(Object.keys(films))('%s by bob is one picture a field', async (name) => {
    const bob = await show(name, 'bob');
    expect(times(bob)).toEqual(grid(30, 20));
    expect(Math.max(...bob.slice(4, 26).map(combs))).toBeLessThan(2);
    const edge = ({ picture }: Shown) => {
      let x = 0;
      while (x < picture.width && pixelAt(picture, x, picture.height >> 1)[0] < 128) x++;
      return x;
    };
    // In order: the bar never goes back.
    const edges = bob.slice(2, 28).map(edge);
    for (const [n, x] of edges.entries()) expect(x).toBeCloseTo((n + 2) * 8, -1);
  });

  it.each(['auto', 'bob'] as const)('leaves whole pictures alone: %s', async (deinterlace) => {
    const [plain, filtered] = [await show('whole.mp4', 'off'), await show('whole.mp4', deinterlace)];
    expect(filtered.map(({ ms }) => ms)).toEqual(plain.map(({ ms }) => ms));
    for (const [n, { picture }] of filtered.entries())
      expect(Buffer.compare(picture.bytes, plain[n]?.picture.bytes ?? new Uint8Array())).toBe(0);
  });

  it.each([
    ['auto', 40],
    ['bob', 20],
  ] as const)('goes on without a gap when it is looped: %s', async (deinterlace, step) => {
    expect(times(await show('h264.mp4', deinterlace, 50))).toEqual(grid(50, step));
  });
});
