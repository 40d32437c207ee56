import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, withTexture } from '../testing/clips.js';
import { makeFilm } from '../testing/films.js';
import { keep, pixelAt } from '../testing/pictures.js';
import { isPattern, matcher, picturesOf } from './picture-list.js';
import { type SequenceOptions, SequenceSource } from './sequence-source.js';

const folder = new TemporaryFolder();
const { signal } = new AbortController();
/** Numbers of pictures; each is as grey as its number. */
const NUMBERS = [1, 2, 9, 10, 11, 100];

beforeAll(async () => {
  for (const name of ['frames', 'empty']) mkdirSync(folder.file(name));
  for (const n of NUMBERS)
    await makeFilm(folder.file(`frames/shot-${n}.png`), {
      pictures: `color=gray:size=32x16:rate=25:duration=0.04,format=rgb24,geq=r=${n}:g=${n}:b=${n},format=rgb24`,
      encoder: 'png',
      fps: 25,
      container: 'image2',
    });
  writeFileSync(folder.file('frames/notes.txt'), 'no picture');
}, 60_000);
afterAll(() => folder.remove());

async function greys(source: string, options: SequenceOptions, most = 50) {
  const pictures = await picturesOf(folder.file(source));
  if (pictures === null) throw new Error('taken for a file');
  const sequence = new SequenceSource(source, pictures, options);
  const [shown, times]: [number[], number[]] = [[], []];
  try {
    while (shown.length < most) {
      const picture = await sequence.next(signal);
      if (picture === null) break;
      times.push(Math.round(Number(picture.mediaTime) / 1e6));
      await withTexture(32, 16, async (texture) => {
        await picture.draw(texture);
        shown.push(pixelAt(keep(texture), 5, 5)[0]);
      });
    }
    return { shown, times };
  } finally {
    await sequence.close();
  }
}

describe('pictures of a folder', () => {
  it.each(['frames', 'frames/*.png', 'frames/shot-%d.png', 'frames/shot-*'])(
    '%s: all of them, by their numbers, 25 a second',
    async (source) => {
      const { shown, times } = await greys(source, { loop: false });
      expect(shown).toEqual(NUMBERS);
      expect(times).toEqual([0, 40, 80, 120, 160, 200]);
    },
  );

  it('of %03d has no shorter numbers', async () => {
    expect((await greys('frames/shot-%03d.png', { loop: false })).shown).toEqual([100]);
  });

  it('begins again, at another rate and speed', async () => {
    const { shown, times } = await greys('frames', { loop: true, fps: 10, speed: 2 }, 8);
    expect(shown).toEqual([...NUMBERS, 1, 2]);
    expect(times).toEqual([0, 50, 100, 150, 200, 250, 300, 350]);
  });

  it('may be a part', async () => {
    expect((await greys('frames', { loop: false, fps: 1, start: 2, end: 4 })).shown).toEqual([9, 10]);
    await expect(greys('frames', { loop: false, start: 60 })).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('holds a single picture at a rate', async () => {
    const { shown, times } = await greys('frames/shot-9.*', { loop: true, fps: 50 }, 5);
    expect(shown).toEqual([9, 9, 9, 9, 9]);
    expect(times).toEqual([0, 20, 40, 60, 80]);
  });

  it.each([
    ['empty', 'unsupported', /is a folder without pictures/],
    ['frames/*.jpg', 'not_found', /no file in .*frames is called like \*\.jpg/],
    ['nowhere/*.jpg', 'not_found', /there is no folder/],
  ])('says what is missing: %s', async (source, code, message) => {
    await expect(greys(source, { loop: false })).rejects.toMatchObject({
      name: 'MediaError',
      code,
      message: expect.stringMatching(message),
    });
  });

  it('is told from a file that is called like a pattern', async () => {
    writeFileSync(folder.file('100%d*.mp4'), '');
    expect(await picturesOf(folder.file('100%d*.mp4'))).toBeNull();
    expect(isPattern('/a*b/film.mp4')).toBe(false);
    expect(matcher('a.b(%02d)?').test('a.b(07)x')).toBe(true);
    expect(matcher('a.b(%02d)?').test('aXb(07)x')).toBe(false);
  });
});
