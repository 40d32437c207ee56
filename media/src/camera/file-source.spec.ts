import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, withTexture, writeClip } from '../testing/clips.js';
import { cutAvi, decodeDirectly, remux } from '../testing/direct.js';
import { distanceFromPattern, keep, type Pixels } from '../testing/pictures.js';
import { FileSource } from './file-source.js';

const CLIP = { frames: 24, width: 128, height: 72, fps: 24 };
const MS = 1_000_000n;
const folder = new TemporaryFolder();
const clip = folder.file('clip: of 100%.mp4');
const { signal } = new AbortController();

const plain = folder.file('plain.mp4');

beforeAll(async () => {
  await writeClip(clip, CLIP);
  // For AVI, which does not take H.264 as it is in an mp4.
  await writeClip(plain, CLIP, 'mpeg4');
});
afterAll(() => folder.remove());

async function withSource<T>(
  path: string,
  options: { loop?: boolean; fps?: number; onDamage?: (packets: number) => void },
  use: (source: FileSource) => Promise<T>,
): Promise<T> {
  const source = await FileSource.open(path, { loop: false, onDamage: () => {}, ...options });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

async function timestamps(source: FileSource, most: number): Promise<bigint[]> {
  const times: bigint[] = [];
  while (times.length < most) {
    const picture = await source.next(signal);
    if (picture?.timestamp == null) break;
    times.push(picture.timestamp);
  }
  return times;
}

async function drawAll(path: string, width: number, height: number): Promise<Pixels[]> {
  return withSource(path, {}, (source) =>
    withTexture(width, height, async (texture) => {
      const pictures: Pixels[] = [];
      for (let picture = await source.next(signal); picture !== null; picture = await source.next(signal)) {
        expect(picture.size).toEqual({ width: CLIP.width, height: CLIP.height });
        await picture.draw(texture);
        pictures.push(keep(texture));
      }
      return pictures;
    }),
  );
}

describe('a video file', () => {
  it('gives the pictures that are in it', async () => {
    const pictures = await drawAll(clip, CLIP.width, CLIP.height);
    expect(pictures.length).toBe(CLIP.frames);
    for (const [n, picture] of pictures.entries()) expect(distanceFromPattern(picture, n)).toBeLessThan(4);
  });

  it('gives the same bytes as decoding it directly', async () => {
    const direct = await decodeDirectly(clip);
    const pictures = await drawAll(clip, CLIP.width, CLIP.height);
    expect(direct.length).toBe(CLIP.frames);
    for (const [n, picture] of pictures.entries()) {
      const { bytes, stride } = direct[n] ?? { bytes: new Uint8Array(), stride: 0 };
      for (let y = 0; y < CLIP.height; y++) {
        const row = bytes.subarray(y * stride, y * stride + picture.stride);
        const same =
          Buffer.compare(row, picture.bytes.subarray(y * picture.stride, (y + 1) * picture.stride)) === 0;
        expect(same, `row ${y} of frame ${n}`).toBe(true);
      }
    }
  });

  it('is scaled, also to sizes whose rows FFmpeg must not write in place', async () => {
    const [wide] = await drawAll(clip, 64, 36);
    const [odd] = await drawAll(clip, 101, 57);
    if (wide === undefined || odd === undefined) throw new Error('no picture');
    expect(distanceFromPattern(wide, 0)).toBeLessThan(8);
    expect(distanceFromPattern(odd, 0)).toBeLessThan(12);
  });

  it('has its own timestamps, and an end', async () => {
    const times = await withSource(clip, {}, (source) => timestamps(source, 100));
    expect(times.length).toBe(CLIP.frames);
    for (const [n, time] of times.entries()) expect(Number(time)).toBeCloseTo((n * 1e9) / CLIP.fps, -5);
  });

  it('goes on without a gap when it is looped', async () => {
    const times = await withSource(clip, { loop: true }, (source) => timestamps(source, 60));
    expect(times.length).toBe(60);
    for (const [n, time] of times.entries()) {
      const should = BigInt(Math.round((n * 1e9) / CLIP.fps));
      expect(time - should < 2n * MS && should - time < 2n * MS, `frame ${n} at ${time}`).toBe(true);
    }
  });

  it('leaves out what is more than the wanted frame rate', async () => {
    const times = await withSource(clip, { fps: 8 }, (source) => timestamps(source, 100));
    expect(times.map((time) => Math.round(Number(time) / 1e6))).toEqual([
      0, 125, 250, 375, 500, 625, 750, 875,
    ]);
  });

  it('loses its end when it is stopped, not when it waits', async () => {
    const abort = new AbortController();
    abort.abort();
    await withSource(clip, {}, async (source) => expect(await source.next(abort.signal)).toBeNull());
  });

  it('that a telephone took on its side is turned upright', async () => {
    const turned = folder.file('turned.mp4');
    const bytes = readFileSync(clip);
    // The matrix in the track's header: a quarter turn.
    const matrix = bytes.lastIndexOf('tkhd') + 44;
    for (const [i, value] of [0, 0x10000, 0, -0x10000, 0, 0].entries())
      bytes.writeInt32BE(value, matrix + 4 * i);
    writeFileSync(turned, bytes);
    await withSource(turned, {}, async (source) => {
      const picture = await source.next(signal);
      expect(picture?.size).toEqual({ width: CLIP.height, height: CLIP.width });
    });
  });
});

describe('a file that is not well', () => {
  const refused = (path: string) => withSource(path, {}, (source) => timestamps(source, 1000));

  it.each([
    ['is not there', 'nothing.mp4', null, 'not_found', /there is no file .*nothing\.mp4/],
    ['is empty', 'empty.mp4', '', 'unsupported', /empty\.mp4 is not a video/],
    ['is text', 'text.mp4', 'hello\n'.repeat(200), 'unsupported', /text\.mp4 is not a video/],
  ])('%s', async (_what, name, content, code, message) => {
    const path = folder.file(name);
    if (content !== null) writeFileSync(path, content);
    await expect(refused(path)).rejects.toMatchObject({
      name: 'MediaError',
      code,
      message: expect.stringMatching(message),
    });
  });

  it('is a folder', async () => {
    await expect(refused(folder.path)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('is a folder'),
    });
  });

  it('has lost its end, and with it its index', async () => {
    const path = folder.file('half.mp4');
    const bytes = readFileSync(clip);
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    await expect(refused(path)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('half.mp4'),
    });
  });

  it('breaks off in mid-stream, after the pictures that it has', async () => {
    const path = folder.file('cut.avi');
    await remux(plain, path, 'avi');
    const bytes = readFileSync(path);
    writeFileSync(path, cutAvi(bytes, 6));
    await withSource(path, { loop: true }, async (source) => {
      let pictures = 0;
      const all = async () => {
        for (;;) {
          await source.next(signal);
          pictures++;
        }
      };
      await expect(all()).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringMatching(/cut\.avi is damaged: it breaks off after 0\.\d s/),
      });
      expect(pictures).toBeGreaterThan(5);
    });
  });

  it('has noise within: that is passed over and told', async () => {
    const path = folder.file('noise.mp4');
    const bytes = readFileSync(clip);
    const data = bytes.indexOf('mdat');
    const end = bytes.lastIndexOf('moov');
    for (let i = data + Math.floor((end - data) * 0.5); i < end - 8; i++) bytes[i] = (i * 7919) % 251;
    writeFileSync(path, bytes);
    const damage: number[] = [];
    const times = await withSource(path, { onDamage: (packets) => damage.push(packets) }, (source) =>
      timestamps(source, 100),
    );
    expect(times.length).toBeGreaterThan(0);
    expect(times.length).toBeLessThan(CLIP.frames);
    expect(damage.length).toBe(1);
  });
});
