import { join } from 'node:path';
import { type Colour, type PixelFormat, pixelFormats, Texture, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type FrameValue, type ProcessorContext, Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from './harness/eventually.js';
import { checkout, World } from './harness/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('formats');
  Object.assign(process.env, world.sandbox.env);
});
afterAll(() => world.close());

const SIZES = [
  [64, 32],
  [13, 7],
] as const;
const colours: readonly Partial<Colour>[] = [{}, { range: 'full', matrix: 'bt709', transfer: 'srgb' }];
const pictures = pixelFormats.flatMap((format) =>
  SIZES.map(([width, height], index) => ({ format, width, height, colour: colours[index] ?? {} })),
);

/** What is in row `y` of plane `plane`, byte by byte. */
function known(picture: number, plane: number, y: number, byte: number): number {
  return (picture * 31 + plane * 101 + y * 7 + byte * 3) & 0xff;
}

interface Seen {
  readonly format: PixelFormat;
  readonly size: readonly [number, number];
  readonly colour: Colour;
  /** Bytes that are not what they should be. */
  readonly wrong: number;
}

/** Every byte of every row; the padding behind a row says nothing. */
function eachByte(
  texture: Texture,
  visit: (plane: number, y: number, byte: number, at: number, element: number) => void,
): void {
  for (const [plane, { offset, stride, width, height, channels, data }] of texture.planes.entries())
    for (let y = 0; y < height; y++)
      for (let byte = 0; byte < width * channels * data.BYTES_PER_ELEMENT; byte++)
        visit(plane, y, byte, offset + y * stride + byte, byte % data.BYTES_PER_ELEMENT);
}

it('every format goes to Python and back, each byte of each plane, with its colours', async () => {
  const seen: Seen[] = [];
  const source = defineProcessor({
    type: 'every-format',
    inputs: {},
    outputs: { video: VideoFrame },
    config: z.object({}),
    create: () => ({
      start: (ctx: ProcessorContext) => {
        void (async () => {
          for (const [number, { format, width, height, colour }] of pictures.entries()) {
            const texture = ctx.output('video').texture(width, height, format, colour);
            if (texture === null) throw new Error('no texture');
            const { bytes } = texture;
            eachByte(texture, (plane, y, byte, at) => {
              bytes[at] = known(number, plane, y, byte);
            });
            const frame = { pixel_buffer: texture, timestamp_ns: ctx.now_ns(), frame_number: BigInt(number) };
            await ctx.output('video').write(frame);
          }
          ctx.finish();
        })().catch((error: unknown) => ctx.fail(error instanceof Error ? error : new Error(String(error))));
      },
    }),
  });
  const sink = defineProcessor({
    type: 'compares',
    inputs: { video: { schema: VideoFrame, delivery: 'lossless', queue: 4 } },
    outputs: {},
    config: z.object({}),
    create: () => ({
      process: (_ctx: ProcessorContext, _port: string, frame: FrameValue) => {
        const texture = frame.pixel_buffer;
        if (!(texture instanceof Texture)) throw new Error('no picture');
        const { bytes, format, width, height, colour } = texture;
        const number = Number(frame.frame_number);
        let wrong = 0;
        eachByte(texture, (plane, y, byte, at, element) => {
          const turned = element === 0 ? plane + 1 : 0;
          if (bytes[at] !== (known(number, plane, y, byte) ^ turned)) wrong++;
        });
        seen.push({ format, size: [width, height], colour, wrong });
      },
    }),
  });
  const runtime = new Runtime({
    name: 'formats',
    logLevel: 'warn',
    baseDir: join(checkout, 'test/fixtures'),
  });
  runtime
    .add('source', source)
    .add('change', 'python', { file: 'changes_planes.py' })
    .add('sink', sink)
    .connect('source', 'change', { delivery: 'lossless', queue: 4 })
    .connect('change', 'sink');
  await runtime.start();
  try {
    await eventually('every picture comes back', () => seen.length === pictures.length, 60_000);
  } finally {
    await runtime.stop();
  }
  const nothing = {
    range: 'unspecified',
    matrix: 'unspecified',
    transfer: 'unspecified',
    primaries: 'unspecified',
  };
  expect(seen).toEqual(
    pictures.map(({ format, width, height, colour }) => ({
      format,
      size: [width, height],
      colour: { ...nothing, ...colour },
      wrong: 0,
    })),
  );
}, 90_000);
