import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { hasX264 } from '../ffmpeg/video-encoder.js';
import { TemporaryFolder } from '../testing/clips.js';
import { decodeDirectly } from '../testing/direct.js';
import { startNodes, stopNodes, TestNode } from '../testing/graph.js';
import { distanceFromPattern } from '../testing/pictures.js';
import { pattern } from '../testing/source.js';
import { fileConfig } from './config.js';
import { file } from './file.js';

const MS = 1_000_000n;
const folder = new TemporaryFolder();
const running: TestNode[] = [];
afterAll(() => folder.remove());
afterEach(async () => {
  await stopNodes(...running.splice(0));
  expect(debugCounts().leases).toBe(0);
});

async function record(params: { path: string } & Record<string, unknown>, width = 128, height = 72) {
  const camera = pattern(width, height);
  const source = new TestNode(camera.definition);
  const node = new TestNode(
    { ...file, inputs: { video: { schema: schemaOfVideo(), delivery: 'lossless' } } },
    { crf: 10, ...params },
  );
  source.to(node);
  running.push(source, node);
  await startNodes(source, node);
  const stop = async () => {
    await source.node.stop();
    while (!node.node.idle) await new Promise((resolve) => setImmediate(resolve));
    await node.node.stop();
  };
  return { camera, node, stop };
}

function schemaOfVideo() {
  const { video } = file.inputs;
  if (video === undefined || !('schema' in video)) throw new Error('no input');
  return video.schema;
}

describe('the file writer', () => {
  it.each(['auto', 'h264', 'mpeg4'])('writes what can be read again: %s', async (codec) => {
    if (codec === 'h264') expect(hasX264()).toBe(true);
    const path = folder.file(`${codec}.mp4`);
    const { camera, node, stop } = await record({
      path,
      codec,
      ...(codec === 'mpeg4' ? { bitrate: 20_000_000 } : {}),
    });
    const times = [0, 40, 80, 200, 240, 1000, 1033];
    for (const [n, ms] of times.entries()) await camera.write(n, 7_000n * MS + BigInt(ms) * MS);
    await stop();
    expect(node.failure).toBeNull();
    const pictures = await decodeDirectly(path);
    expect(pictures.length).toBe(times.length);
    for (const [n, picture] of pictures.entries()) {
      expect(picture).toMatchObject({ width: 128, height: 72 });
      expect(distanceFromPattern(picture, n), `frame ${n}`).toBeLessThan(6);
      expect(picture.seconds * 1000).toBeCloseTo(times[n] ?? -1, 0);
    }
    expect(await node.log.line(/frames are in/)).toBe(`7 frames are in ${path}`);
  });

  it('makes odd sizes even, and other sizes those of the first frame', async () => {
    const path = folder.file('odd.mp4');
    const { camera, stop } = await record({ path }, 129, 73);
    await camera.write(0, 0n);
    await camera.write(1, 40n * MS, { width: 64, height: 40 });
    await stop();
    const pictures = await decodeDirectly(path);
    expect(pictures.map(({ width, height }) => [width, height])).toEqual([
      [128, 72],
      [128, 72],
    ]);
  });

  it('keeps to the wanted frame rate', async () => {
    const path = folder.file('slow.mp4');
    const { camera, stop } = await record({ path, fps: 10 });
    for (let n = 0; n < 25; n++) await camera.write(n, BigInt(n) * 20n * MS);
    await stop();
    expect((await decodeDirectly(path)).map(({ seconds }) => Math.round(seconds * 1000))).toEqual([
      0, 100, 200, 300, 400,
    ]);
  });

  it('leaves nothing behind when there was no frame', async () => {
    const path = folder.file('none.mp4');
    const { stop } = await record({ path });
    await stop();
    expect(existsSync(path)).toBe(false);
  });

  it('replaces a file, unless it is told not to', async () => {
    const path = folder.file('there.mp4');
    writeFileSync(path, 'precious');
    const refused = await record({ path, overwrite: false });
    expect(refused.node.failure).toMatchObject({ code: 'exists', message: expect.stringContaining(path) });
    await refused.stop();
    expect(readFileSync(path, 'utf8')).toBe('precious');
    const { camera, stop } = await record({ path });
    await camera.write(0, 0n);
    await stop();
    expect((await decodeDirectly(path)).length).toBe(1);
  });

  it.each([
    ['no/such/folder/x.mp4', 'not_found', /there is no folder .*no\/such\/folder/],
    ['folder.mp4', 'io', /is a folder/],
    ['text/x.mp4', 'io', /cannot write to .*text\/x\.mp4/],
  ])('says why it cannot write to %s', async (name, code, message) => {
    if (name === 'folder.mp4') mkdirSync(folder.file(name), { recursive: true });
    if (name === 'text/x.mp4') writeFileSync(folder.file('text'), '');
    const { node } = await record({ path: folder.file(name) });
    expect(node.node.state).toBe('failed');
    expect(node.failure).toMatchObject({ name: 'MediaError', code, message: expect.stringMatching(message) });
  });

  it('says that it cannot write where nobody can', async () => {
    const path = process.platform === 'linux' ? '/proc/x.mp4' : '/System/x.mp4';
    const { node } = await record({ path });
    expect(node.failure).toMatchObject({
      code: 'io',
      message: expect.stringContaining(`cannot write to ${path}`),
    });
  });

  it('takes only what it writes', () => {
    expect(fileConfig.safeParse({ path: '/x.mp4' }).success).toBe(true);
    for (const wrong of [
      {},
      { path: '/x.avi' },
      { path: '/x.mp4', crf: 52 },
      { path: '/x.mp4', codec: 'vp9' },
      { path: '/x.mp4', bitrate: 1 },
    ])
      expect(fileConfig.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  });

  it('leaves a file that can be played when its process is killed', async () => {
    const path = folder.file('killed.mp4');
    const program = fileURLToPath(new URL('../../dist/testing/record-for-ever.js', import.meta.url));
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const pictures = await decodeDirectly(path);
    expect(pictures.length).toBeGreaterThanOrEqual(60);
    expect(distanceFromPattern(pictures[30] as never, 30)).toBeLessThan(8);
  });
});
