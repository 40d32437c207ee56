import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, withTexture } from '../testing/clips.js';
import { type Film, makeFilm } from '../testing/films.js';
import { keep, type Pixels } from '../testing/pictures.js';
import { FileSource } from './file-source.js';

const folder = new TemporaryFolder();
const { signal } = new AbortController();
const clip = (format = 'yuv420p', seconds = 0.4) =>
  `testsrc2=size=160x120:rate=25:duration=${seconds},format=${format}`;

/** Containers and codecs that can seek, that cannot, and that only think that they can. */
const films: Record<string, Film> = {
  'still.jpg': { pictures: clip('yuvj420p', 0.04), encoder: 'mjpeg', fps: 25, container: 'image2' },
  'still.png': { pictures: clip('rgb24', 0.04), encoder: 'png', fps: 25, container: 'image2' },
  'raw.h264': { pictures: clip(), encoder: 'libx264', fps: 25, container: 'h264' },
  'raw.m2v': { pictures: clip(), encoder: 'mpeg2video', fps: 25, container: 'mpeg2video' },
  'raw.mjpeg': { pictures: clip('yuvj420p'), encoder: 'mjpeg', fps: 25, container: 'mjpeg' },
  'pictures.gif': { pictures: clip('rgb8'), encoder: 'gif', fps: 25 },
  'film.y4m': { pictures: clip(), encoder: 'wrapped_avframe', fps: 25, container: 'yuv4mpegpipe' },
  'film.ts': { pictures: clip(), encoder: 'mpeg2video', fps: 25 },
  'film.mkv': { pictures: clip(), encoder: 'libx264', fps: 25 },
  'film.webm': { pictures: clip(), encoder: 'libvpx', fps: 25 },
  'film.mpg': { pictures: clip(), encoder: 'mpeg2video', fps: 25, container: 'vob' },
  'film.flv': { pictures: clip(), encoder: 'flv', fps: 25 },
};

beforeAll(async () => {
  for (const [name, film] of Object.entries(films)) await makeFilm(folder.file(name), film);
}, 60_000);
afterAll(() => folder.remove());

async function play(source: FileSource, most: number): Promise<{ times: number[]; pictures: Pixels[] }> {
  const times: number[] = [];
  const pictures: Pixels[] = [];
  while (times.length < most) {
    const picture = await source.next(signal);
    if (picture === null) break;
    times.push(Math.round(Number(picture.timestamp) / 1e6));
    await withTexture(160, 120, async (texture) => {
      await picture.draw(texture);
      pictures.push(keep(texture));
    });
  }
  return { times, pictures };
}

const open = (name: string, loop: boolean) =>
  FileSource.open(folder.file(name), { loop, onDamage: () => {} });

describe('`loop: true` failed where there is no seeking (S3)', () => {
  it.each(Object.keys(films))('%s begins again with its first picture, twice', async (name) => {
    const once = await open(name, false);
    const { pictures: all } = await play(once, 100);
    await once.close();
    expect(all.length).toBe(name.startsWith('still') ? 1 : 10);

    const source = await open(name, true);
    const { times, pictures } = await play(source, all.length * 3);
    await source.close();
    expect(pictures.length).toBe(all.length * 3);
    const [first = 0] = times;
    for (const [n, time] of times.entries())
      expect(Math.abs(time - first - n * 40), `${time} of ${n}`).toBeLessThanOrEqual(10);
    for (const [n, { bytes }] of pictures.entries())
      expect(Buffer.compare(bytes, all[n % all.length]?.bytes ?? new Uint8Array()), `picture ${n}`).toBe(0);
  });

  it.each([
    ['is gone', () => rmSync(folder.file('gone.h264'))],
    ['is something else', () => writeFileSync(folder.file('gone.h264'), 'text')],
  ])('says so when the file %s by then', async (_, change) => {
    await makeFilm(folder.file('gone.h264'), {
      pictures: clip(),
      encoder: 'libx264',
      fps: 25,
      container: 'h264',
    });
    const source = await open('gone.h264', true);
    await play(source, 10);
    change();
    await expect(source.next(signal)).rejects.toMatchObject({
      name: 'MediaError',
      message: expect.stringContaining('gone.h264'),
    });
    await source.close();
  });
});
