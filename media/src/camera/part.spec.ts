import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, withTexture } from '../testing/clips.js';
import { type Film, makeFilm } from '../testing/films.js';
import { keep, type Pixels } from '../testing/pictures.js';
import { FileSource } from './file-source.js';
import type { Part } from './part.js';

const folder = new TemporaryFolder();
const { signal } = new AbortController();
const pictures = 'testsrc2=size=160x120:rate=25:duration=2,format=yuv420p';
const films: Record<string, Film> = {
  'film.mp4': { pictures, encoder: 'libx264', fps: 25, options: { g: '12' } },
  'film.ts': { pictures, encoder: 'mpeg2video', fps: 25 },
  'film.mkv': { pictures, encoder: 'libx264', fps: 25 },
  'raw.h264': { pictures, encoder: 'libx264', fps: 25, container: 'h264', options: { bf: '0' } },
};

beforeAll(async () => {
  for (const [name, film] of Object.entries(films)) await makeFilm(folder.file(name), film);
}, 60_000);
afterAll(() => folder.remove());

async function play(name: string, part: Part, most = 1000): Promise<{ times: number[]; shown: Pixels[] }> {
  const source = await FileSource.open(folder.file(name), { loop: most < 1000, onDamage: () => {}, ...part });
  const [times, shown]: [number[], Pixels[]] = [[], []];
  try {
    while (times.length < most) {
      const picture = await source.next(signal);
      if (picture === null) break;
      times.push(Math.round(Number(picture.timestamp) / 1e6));
      await withTexture(160, 120, async (texture) => {
        await picture.draw(texture);
        shown.push(keep(texture));
      });
    }
    return { times, shown };
  } finally {
    await source.close();
  }
}

const grid = (count: number, step: number) => Array.from({ length: count }, (_, n) => n * step);

describe('a part of a film', () => {
  it.each(Object.keys(films))('%s from start to end: just these pictures', async (name) => {
    const { shown: all } = await play(name, {});
    expect(all.length).toBe(50);
    const { times, shown } = await play(name, { start: 0.6, end: 1.2 });
    expect(times).toEqual(grid(15, 40));
    for (const [n, { bytes }] of shown.entries())
      expect(Buffer.compare(bytes, all[n + 15]?.bytes ?? new Uint8Array()), `picture ${n}`).toBe(0);
  });

  it('is played again and again without a gap', async () => {
    const { times, shown } = await play('film.mp4', { start: 1, end: 1.2 }, 12);
    expect(times).toEqual(grid(12, 40));
    expect(Buffer.compare(shown[0]?.bytes ?? new Uint8Array(), shown[5]?.bytes ?? new Uint8Array(1))).toBe(0);
  });

  it.each([
    [2, 20],
    [0.5, 80],
  ])('is played at %s times its speed', async (speed, step) => {
    expect((await play('film.mp4', { speed })).times).toEqual(grid(50, step));
  });

  it('that has no pictures is an error, not a run for ever', async () => {
    await expect(play('film.mp4', { start: 60 }, 5)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('no picture from 60 s on'),
    });
  });
});
