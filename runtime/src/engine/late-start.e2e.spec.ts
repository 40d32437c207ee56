import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor } from '@streamlib/processor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { type Watched, watched } from '../testing/world.js';

let sandbox: Sandbox;
let world: Watched;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
afterEach(() => world.runtime.stop());

const never = (hook: 'setup' | 'start') =>
  defineProcessor({
    type: 'endless',
    inputs: {},
    outputs: { video: VideoFrame },
    config: z.object({}),
    create: () => ({ [hook]: () => new Promise<void>(() => {}) }),
  });

describe('a processor whose hook never returns', { timeout: 30_000 }, () => {
  it.each(['setup', 'start'] as const)('is told by name after 5 s, and can be stopped: %s', async (hook) => {
    world = watched();
    world.runtime.add('eye', never(hook));
    const starting = world.runtime.start();
    const ended = expect(starting).rejects.toThrow('stopped');
    const said = () => world.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    await expect
      .poll(() => said().join('\n'), { timeout: 10_000 })
      .toContain(`${hook}() of endless "eye" has not returned for 5 s`);
    await world.runtime.stop();
    await ended;
    expect(world.runtime.stats().state).toBe('stopped');
  });
});

it('frames that a process sent right before os._exit are counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamlib-exit-'));
  world = watched({ baseDir: folder });
  const head = 'import os\nimport numpy as np\nimport streamlib\nfrom streamlib import VideoFrame as V\n';
  writeFileSync(
    join(folder, 'source.py'),
    `${head}
@streamlib.processor(execution="manual", outputs={"video": V})
def source(ctx):
    for n in range(12):
        ctx.output().set(V.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), n))
    ctx.wait(0.2)
    os._exit(0)
`,
  );
  writeFileSync(
    join(folder, 'sink.py'),
    `${head}
@streamlib.processor(inputs={"video": V})
def sink(inputs): pass
`,
  );
  try {
    world.runtime.add('source', 'python', { file: 'source.py', restart: 'never' });
    world.runtime.add('sink', 'python', { file: 'sink.py' });
    world.runtime.connect('source', 'sink', { delivery: 'lossless' });
    await world.runtime.start();
    await expect
      .poll(
        () => world.events.some(({ node, state }) => node === 'source' && /failed|finished/.test(state)),
        {
          timeout: 15_000,
        },
      )
      .toBe(true);
    expect(world.runtime.stats().nodes).toMatchObject({
      source: { frames_out: 12 },
      sink: { frames_in: 12 },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 30_000);
