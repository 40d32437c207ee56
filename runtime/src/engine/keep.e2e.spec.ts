import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collector, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { type Watched, watched } from '../testing/world.js';

const RING = (declared = '') => `
import collections
import streamlib
from streamlib import VideoFrame as V

@streamlib.processor(inputs={"video_in": V}, outputs={"video_out": V}${declared})
class Ring:
    def setup(self, ctx): self.frames = collections.deque(maxlen=60)
    def process(self, ctx):
        self.frames.append(ctx.input().get().to_numpy())
        ctx.output().set(V.from_numpy(self.frames[0].copy()))
`;

const SOURCE = `
import numpy as np
import streamlib
from streamlib import VideoFrame as V

@streamlib.processor(execution="manual", outputs={"video": V})
def source(ctx):
    while not ctx.wait(0.01):
        yield V.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), 0)
`;

let sandbox: Sandbox;
let world: Watched;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-keep-'));
  world = watched({ baseDir: folder });
});
afterEach(async () => {
  await world.runtime.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, code: string) => writeFileSync(join(folder, name), code);
const warnings = () => world.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

/** A source of this process in front of a ring of 60 frames; sends until `until` holds. */
async function sendUntil(keep: number | undefined, until: () => boolean): Promise<void> {
  const source = pattern();
  const sink = collector();
  world.runtime.add('camera', source.definition).add('sink', sink.definition);
  world.runtime.add('effect', 'python', { file: 'ring.py' });
  world.runtime.connect('camera', 'effect', {
    delivery: 'every_sample',
    ...(keep !== undefined && { keep }),
  });
  world.runtime.connect('effect', 'sink');
  await world.runtime.start();
  await world.reaches('effect', 'running');
  let n = 0;
  const timer = setInterval(() => source.send(n++), 10);
  try {
    await expect.poll(() => until() || sink.frames.length > 150, { timeout: 10_000 }).toBe(true);
    expect(until()).toBe(true);
  } finally {
    clearInterval(timer);
  }
}

describe('a processor that keeps frames', { timeout: 30_000 }, () => {
  it('is told by name within two seconds when the source has no slot left', async () => {
    write('ring.py', RING());
    await sendUntil(undefined, () =>
      warnings().some((text) => /effect holds \d+ frames of camera/.test(text)),
    );
    expect(warnings().filter((text) => text.includes('no free slot'))).toHaveLength(1);
  });

  it.each([
    ['in the manifest', '', 64],
    ['in Python, for one input', ', keep={"video_in": 64}', undefined],
    ['in Python, for all inputs', ', keep=64', undefined],
  ])('may ask for more: %s', async (_name, declared, keep) => {
    write('ring.py', RING(declared));
    const frames = () => world.runtime.stats().nodes.sink?.frames_in ?? 0;
    await sendUntil(keep, () => frames() > 120);
    expect(warnings().filter((text) => text.includes('no free slot'))).toEqual([]);
  });

  it('is told by name by a Python source too, and may ask for more', async () => {
    write('ring.py', RING());
    write('more.py', RING(', keep=64'));
    write('source.py', SOURCE);
    world.runtime.add('source', 'python', { file: 'source.py' });
    world.runtime.add('effect', 'python', { file: 'ring.py' });
    world.runtime.connect('source', 'effect');
    await world.runtime.start();
    await expect
      .poll(() => warnings().join('\n'), { timeout: 10_000 })
      .toMatch(/output video has been waiting .* effect\.video_in holds 16 frames/);
    await world.runtime.stop();

    world = watched({ baseDir: folder });
    world.runtime.add('source', 'python', { file: 'source.py' });
    world.runtime.add('effect', 'python', { file: 'more.py' });
    world.runtime.connect('source', 'effect');
    await world.runtime.start();
    await expect
      .poll(() => world.runtime.stats().nodes.effect?.frames_out ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(120);
    expect(warnings().filter((text) => text.includes('waiting'))).toEqual([]);
  });
});
