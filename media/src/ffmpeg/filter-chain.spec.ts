import { Frame } from 'node-av';
import { AV_FRAME_FLAG_INTERLACED, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P } from 'node-av/constants';
import { describe, expect, it } from 'vitest';
import { FilterChain } from './filter-chain.js';
import { PictureFilters } from './picture-filters.js';

interface Kind {
  readonly width: number;
  readonly format: typeof AV_PIX_FMT_YUV420P | typeof AV_PIX_FMT_YUV422P;
  readonly interlaced: boolean;
}

const SMALL: Kind = { width: 64, format: AV_PIX_FMT_YUV420P, interlaced: true };
const MS = 1_000_000n;

function makePicture({ width, format, interlaced }: Kind, ms: bigint): Frame {
  const picture = new Frame();
  picture.alloc();
  picture.width = width;
  picture.height = 32;
  picture.format = format;
  picture.getBuffer();
  for (const plane of picture.data ?? []) plane.fill(100);
  if (interlaced) picture.setFlags(AV_FRAME_FLAG_INTERLACED);
  picture.pts = ms * MS;
  picture.duration = 40n * MS;
  return picture;
}

async function through(chain: FilterChain, kinds: readonly Kind[]): Promise<[number, number][]> {
  const out: [number, number][] = [];
  const pull = async () => {
    for (let got = await chain.pull(); got !== null; got = await chain.pull())
      out.push([got.width, Number(got.pts / MS)]);
  };
  for (const [n, kind] of kinds.entries()) {
    const picture = makePicture(kind, BigInt(n) * 40n);
    await chain.push(picture);
    await pull();
    picture.free();
  }
  await chain.push(null);
  await pull();
  return out;
}

describe('FilterChain', () => {
  it.each([
    ['size', { ...SMALL, width: 96 }],
    ['format', { ...SMALL, format: AV_PIX_FMT_YUV422P }],
    ['flags', { ...SMALL, interlaced: false }],
  ])(
    'loses no picture and no time where the %s changes, over filters that hold one back',
    async (_, other) => {
      const wanted = new PictureFilters();
      const chain = new FilterChain((picture) => wanted.for(picture));
      const kinds = [other, SMALL, SMALL, other, SMALL, other, other];
      expect(await through(chain, kinds)).toEqual(kinds.map(({ width }, n) => [width, n * 40]));
      chain.close();
    },
  );

  it('passes a picture on as it is where no filter is wanted', async () => {
    const chain = new FilterChain(() => '');
    const picture = makePicture(SMALL, 0n);
    await chain.push(picture);
    expect(await chain.pull()).toBe(picture);
    expect(await chain.pull()).toBeNull();
    picture.free();
    chain.close();
  });

  it('has nothing left of what it held after reset()', async () => {
    const chain = new FilterChain(() => 'bwdif=mode=send_frame');
    const picture = makePicture(SMALL, 0n);
    await chain.push(picture);
    chain.reset();
    expect(await through(chain, [SMALL, SMALL])).toEqual([
      [64, 0],
      [64, 40],
    ]);
    picture.free();
    chain.close();
  });

  it('says which filters cannot be made', async () => {
    const chain = new FilterChain(() => 'no-such-filter');
    const picture = makePicture(SMALL, 0n);
    await chain.push(picture);
    await expect(chain.pull()).rejects.toMatchObject({
      name: 'MediaError',
      message: expect.stringContaining('no-such-filter'),
    });
    picture.free();
    chain.close();
  });
});
