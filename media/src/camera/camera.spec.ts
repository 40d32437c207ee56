import { readFileSync, writeFileSync } from 'node:fs';
import { debugCounts, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, type ProcessorDefinition } from '@streamlib/processor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryFolder, writeClip } from '../testing/clips.js';
import { cutAvi, remux } from '../testing/direct.js';
import { startNodes, stopNodes, TestNode } from '../testing/graph.js';
import { ManualClock } from '../testing/manual-clock.js';
import { distanceFromPattern } from '../testing/pictures.js';
import { Sink } from '../testing/sink.js';
import { Camera, camera } from './camera.js';
import { cameraConfig } from './config.js';

const CLIP = { frames: 10, width: 64, height: 36, fps: 10 };
const folder = new TemporaryFolder();
const clip = folder.file('clip.mp4');
const running: TestNode[] = [];

beforeAll(() => writeClip(clip, CLIP));
afterAll(() => folder.remove());
afterEach(async () => {
  await stopNodes(...running.splice(0));
  expect(debugCounts().leases).toBe(0);
});

function withClock(clock: ManualClock, poolSlots = 16): ProcessorDefinition {
  return defineProcessor({
    type: 'camera',
    inputs: {},
    outputs: { video: VideoFrame },
    config: cameraConfig,
    poolSlots,
    create: (config) => new Camera(config, clock),
  });
}

async function play(
  definition: ProcessorDefinition,
  params: object,
  sink = new Sink(),
): Promise<{ source: TestNode; sink: Sink }> {
  const source = new TestNode(definition, { ...params });
  const end = new TestNode(sink.definition);
  source.to(end);
  running.push(source, end);
  await startNodes(source, end);
  return { source, sink };
}

describe('the camera', () => {
  it('sends a file once, every frame when it is due, and finishes', async () => {
    const clock = new ManualClock();
    const began = clock.time;
    const { source, sink } = await play(withClock(clock), { source: clip, loop: false });
    await source.reached('finished');
    await sink.count(CLIP.frames);
    expect(sink.frames.map(({ number }) => number)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    for (const [n, frame] of sink.frames.entries()) {
      expect(frame.timestamp - began).toBe(BigInt(n) * 100_000_000n);
      expect(distanceFromPattern(frame, n)).toBeLessThan(4);
    }
  });

  it('plays a file again and again, counting on', async () => {
    const { sink } = await play(withClock(new ManualClock()), { source: clip });
    await sink.count(25);
    expect(sink.frames[24]?.number).toBe(24n);
    for (const n of [0, 9, 10, 19, 24]) {
      const frame = sink.frames[n];
      if (frame === undefined) throw new Error('no frame');
      expect(distanceFromPattern(frame, n % 10)).toBeLessThan(4);
    }
  });

  it('shows the test pattern, exactly, in the wanted size', async () => {
    const { sink } = await play(withClock(new ManualClock()), { width: 160, height: 90, fps: 50 });
    await sink.count(6);
    for (const [n, frame] of sink.frames.slice(0, 6).entries()) {
      expect(frame).toMatchObject({ width: 160, height: 90 });
      expect(distanceFromPattern(frame, n)).toBe(0);
    }
    const [first, second] = sink.frames;
    expect((second?.timestamp ?? 0n) - (first?.timestamp ?? 0n)).toBe(20_000_000n);
  });

  it('keeps time with the machine’s own clock', async () => {
    const { sink } = await play(camera, { width: 32, height: 18, fps: 100 });
    await sink.count(21);
    const span = Number((sink.frames[20]?.timestamp ?? 0n) - (sink.frames[0]?.timestamp ?? 0n)) / 1e6;
    expect(span).toBeGreaterThan(190);
  });

  it('waits for a reader that wants every frame', async () => {
    const sink = new Sink('lossless');
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    sink.gate = () => opened;
    const { source } = await play(withClock(new ManualClock()), { source: clip, loop: false }, sink);
    await sink.count(1);
    open();
    await source.reached('finished');
    await sink.count(CLIP.frames);
    expect(source.node.stats().dropped).toBe(0);
  });

  it('drops and counts frames when all memory is in use', async () => {
    const sink = new Sink('latest');
    let letGo = () => {};
    sink.gate = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const { source } = await play(withClock(new ManualClock(), 1), { source: clip, loop: false }, sink);
    await source.reached('finished');
    letGo();
    const { dropped_by: droppedBy, outputs } = source.node.stats();
    expect(droppedBy.no_free_frame).toBeGreaterThan(0);
    expect((outputs.video?.frames ?? 0) + (droppedBy.no_free_frame ?? 0)).toBe(CLIP.frames);
    // Counted on, so that whoever comes after sees the gap.
    sink.gate = null;
  });

  it('stops while it waits for a frame’s time', async () => {
    const { source, sink } = await play(camera, { width: 32, height: 18, fps: 0.01 });
    await sink.count(1);
    await source.node.stop();
    expect(source.node.state).toBe('stopped');
  });

  it('fails in mid-stream, after the frames that it could send, when its file breaks off', async () => {
    const [whole, cut] = [folder.file('whole.avi'), folder.file('cut.avi')];
    await writeClip(folder.file('mpeg4.mp4'), CLIP, 'mpeg4');
    await remux(folder.file('mpeg4.mp4'), whole, 'avi');
    const bytes = readFileSync(whole);
    writeFileSync(cut, cutAvi(bytes, 6));
    const { source, sink } = await play(withClock(new ManualClock()), { source: cut });
    await source.reached('failed');
    expect(source.failure).toMatchObject({
      name: 'MediaError',
      code: 'corrupt',
      message: expect.stringMatching(/cut\.avi is damaged: it breaks off/),
    });
    expect(sink.frames.length).toBeGreaterThan(4);
    expect(sink.frames.length).toBeLessThan(CLIP.frames);
  });

  it.each([
    ['nothing.mp4', 'not_found'],
    ['/dev/video77', 'not_found'],
    ['device:77', 'not_found'],
  ])('fails with its source’s name: %s', async (name, code) => {
    const path = name.includes('.') ? folder.file(name) : name;
    const { source } = await play(camera, { source: path });
    expect(source.node.state).toBe('failed');
    expect(source.failure).toMatchObject({
      name: 'MediaError',
      code,
      message: expect.stringMatching(/nothing\.mp4|video77/),
    });
  });
});

describe('the camera by the clock of its source', () => {
  it('tells each picture’s own time, over rounds of a loop as well', async () => {
    const { sink } = await play(withClock(new ManualClock()), { source: clip });
    await sink.count(25);
    for (const [n, frame] of sink.frames.slice(0, 25).entries())
      expect(Math.abs(Number(frame.mediaTime) - n * 1e8), `frame ${n}`).toBeLessThan(1e6);
  });

  it('goes as fast as its readers do and leaves nothing out, also where memory is short', async () => {
    const clock = new ManualClock();
    const sink = new Sink('lossless');
    sink.gate = () => new Promise((resolve) => setImmediate(resolve));
    const began = clock.time;
    const { source } = await play(withClock(clock, 1), { source: clip, loop: false, clock: 'media' }, sink);
    await source.reached('finished');
    await sink.count(CLIP.frames);
    expect(sink.frames.map(({ number }) => Number(number))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(source.node.stats().dropped).toBe(0);
    // Not one second, as the clip lasts: only what it waited for memory.
    expect(Number(clock.time - began)).toBeLessThan(900e6);
  });
});
