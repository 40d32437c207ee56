import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, Texture, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type FrameValue, Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from './harness/eventually.js';
import { checkout, World } from './harness/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('pixels');
  Object.assign(process.env, world.sandbox.env);
});
afterAll(() => world.close());

/** The example's colours, computed a second time and in another language. */
function heatMap(): Uint8Array {
  const stops = [
    [8, 10, 40],
    [70, 20, 110],
    [200, 45, 80],
    [250, 150, 50],
    [255, 250, 210],
  ];
  const colours = new Uint8Array(256 * 3);
  for (let value = 0; value < 256; value++) {
    const at = value / 63.75;
    const index = Math.min(3, Math.floor(at));
    for (let channel = 0; channel < 3; channel++) {
      const [low, high] = [stops[index]?.[channel] ?? 0, stops[index + 1]?.[channel] ?? 0];
      const xp = index * 63.75;
      colours[value * 3 + channel] = Math.trunc(((high - low) / 63.75) * (value - xp) + low);
    }
  }
  return colours;
}

function applyEffect(
  pixels: Uint8Array,
  width: number,
  frameNumber: number,
  colours: Uint8Array,
): Uint8Array {
  const phase = (frameNumber % 200) / 200;
  // Python rounds halves to even, and a column is never at one here: 1280 × (0.15 + 0.7 p) has no half for p = n / 100.
  const line = Math.round(width * (0.15 + 0.7 * Math.abs(2 * phase - 1)));
  const out = Uint8Array.from(pixels);
  for (let at = 0; at < pixels.length; at += 3) {
    const column = (at / 3) % width;
    if (column < line) continue;
    if (column < line + 2) out.fill(255, at, at + 3);
    else out.set(colours.subarray((pixels[at + 1] ?? 0) * 3, (pixels[at + 1] ?? 0) * 3 + 3), at);
  }
  return out;
}

function keeper(type: string, kept: Map<number, Uint8Array>, width: { value: number }) {
  return defineProcessor({
    type,
    inputs: { video: { schema: VideoFrame, delivery: 'lossless', queue: 4 } },
    outputs: {},
    config: z.object({}),
    create: () => ({
      process: (_ctx: unknown, _port: string, frame: FrameValue) => {
        const texture = frame.pixel_buffer;
        if (!(texture instanceof Texture)) throw new Error('no picture');
        width.value = texture.width;
        kept.set(Number(frame.frame_number), Uint8Array.from(texture.bytes));
      },
    }),
  });
}

it('frames at the end of the graph are the frames of the clip with the effect, to the last pixel', async () => {
  const before = new Map<number, Uint8Array>();
  const after = new Map<number, Uint8Array>();
  const width = { value: 0 };
  const example = join(checkout, 'examples/camera-python-display');
  expect(readFileSync(join(example, 'graph.yaml'), 'utf8')).toContain('file: effect.py');
  const runtime = new Runtime({ name: 'pixels', logLevel: 'warn', baseDir: example });
  runtime
    .add('camera', 'camera', { source: 'sample.mp4', loop: true })
    .add('effect', 'python', { file: 'effect.py' })
    .add('before', keeper('before', before, width))
    .add('after', keeper('after', after, width))
    .connect('camera', 'before')
    .connect('camera', 'effect', { delivery: 'every_sample', queue: 8 })
    .connect('effect', 'after');
  const pids: number[] = [];
  try {
    await runtime.start();
    await eventually('twenty frames come out', () => after.size >= 20, 30_000);
    pids.push(runtime.stats().nodes.effect?.pid ?? 0);
  } finally {
    await runtime.stop();
  }
  const colours = heatMap();
  const compared = [...after].filter(([number]) => before.has(number));
  expect(compared.length).toBeGreaterThanOrEqual(20);
  for (const [number, pixels] of compared) {
    const expected = applyEffect(before.get(number) ?? new Uint8Array(), width.value, number, colours);
    expect(Buffer.compare(pixels, expected), `frame ${number}`).toBe(0);
  }
  expect(pids.every((pid) => pid > 0 && !isRunning(pid))).toBe(true);
}, 60_000);
