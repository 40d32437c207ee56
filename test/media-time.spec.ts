import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeDirectly } from '../media/src/testing/direct.js';
import { makeFilm } from '../media/src/testing/films.js';
import { World } from './harness/world.js';

let world: World;
let folder: string;
const FRAMES = 20;

const SLOW = `
import time
import streamlib
from streamlib import VideoFrame

@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def slow(inputs):
    time.sleep(0.1)
    frame = inputs["video_in"]
    assert abs(frame.media_time - frame.frame_number * 1e9 / 30) < 1e6, frame.media_time
    return VideoFrame.from_numpy(255 - frame.to_numpy())
`;

beforeAll(async () => {
  world = await World.open('media-time');
  folder = dirname(world.sandbox.home);
  await makeFilm(join(folder, 'film.mp4'), {
    pictures: `testsrc2=size=160x120:rate=30:duration=${FRAMES / 30},format=yuv420p`,
    encoder: 'libx264',
    fps: 30,
  });
  writeFileSync(join(folder, 'slow.py'), SLOW);
}, 120_000);
afterAll(() => world.close());

describe('a film that went through slow Python became longer (G8)', () => {
  it.each([
    ['live', ['slow']],
    ['media', ['slow']],
    ['media', ['slow', 'again']],
  ] as const)(
    'clock: %s through %s',
    async (clock, effects) => {
      const out = join(folder, `${clock}-${effects.length}.mp4`);
      const chain = ['camera', ...effects, 'save'];
      const nodes = effects.map((id) => `  - { id: ${id}, node_type: python, params: { file: slow.py } }`);
      const connections = chain
        .slice(1)
        .map((to, n) => `  - { from: ${chain[n]}, to: ${to}, delivery: lossless }`);
      const graph = join(folder, 'graph.yaml');
      writeFileSync(
        graph,
        `version: v1
metadata: { name: film }
nodes:
  - { id: camera, node_type: camera, params: { source: film.mp4, loop: false, clock: ${clock} } }
${nodes.join('\n')}
  - { id: save, node_type: file, params: { path: ${out} } }
connections:
${connections.join('\n')}
`,
      );
      const run = world.streamlib('run', graph, '--json');
      expect(await run.exited, run.report()).toBe(0);
      expect(JSON.parse(run.lines[0] ?? ''), run.report()).toMatchObject({ dropped: 0, errors: 0 });
      const [is, should] = [await decodeDirectly(out), await decodeDirectly(join(folder, 'film.mp4'))];
      // Within one tick of the file that was written.
      for (const [n, { seconds }] of should.entries())
        expect(Math.abs((is[n]?.seconds ?? -1) - seconds), `picture ${n}`).toBeLessThan(1 / 90_000 + 1e-9);
      expect(is.length).toBe(FRAMES);
    },
    120_000,
  );
});
