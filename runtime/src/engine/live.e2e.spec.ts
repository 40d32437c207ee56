import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type debugCounts, isRunning, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor } from '@streamlib/processor';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startPipeline } from '../testing/pipeline.js';
import { type Collector, collector, type Pattern, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import {
  expectNothingLeft,
  held,
  openDescriptors,
  pythonFile,
  type Watched,
  watched,
} from '../testing/world.js';

/** The machine may have more to do than this. */
const PATIENT = { timeout: 20_000 };

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  before = held();
  world = watched({ live: true });
  folder = mkdtempSync(join(tmpdir(), 'streamlib-live-'));
});
afterEach(async () => {
  await world.runtime.stop();
  await expectNothingLeft(before);
  rmSync(world.runtime.logFile, { force: true });
  rmSync(folder, { recursive: true, force: true });
});

function code(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `import streamlib\nfrom streamlib import VideoFrame, ObjectDetections\nimport numpy as np\n\n${body}`,
  );
  return file;
}

const ADDS = (amount: number) => `
@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def add(inputs):
    return {"video_out": VideoFrame.from_numpy(inputs["video_in"].to_numpy() + np.uint8(${amount}))}
`;

/** Frames that flow all the while, each only when the one before has been taken everywhere. */
class Flow {
  sent = 0;
  private on = true;
  private readonly done: Promise<void>;

  constructor(source: Pattern) {
    this.done = (async () => {
      while (this.on) {
        await source.write(this.sent);
        this.sent++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
  }

  async end(): Promise<void> {
    this.on = false;
    await this.done;
  }
}

const numbers = (sink: Collector) => sink.frames.map(({ number }) => number);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('a graph that is changed while frames flow', () => {
  it('takes nodes and connections in and out, and loses nothing on the branches that are not touched', async () => {
    const source = pattern();
    const untouched = collector('untouched', 'lossless');
    const end = collector('end');
    world.runtime.add('source', source.definition).add('untouched', untouched.definition);
    world.runtime.connect('source', 'untouched');
    await world.runtime.start();
    const flow = new Flow(source);

    await world.runtime.addNode('effect', 'python', { file: pythonFile('invert.py') });
    await world.runtime.addNode('end', end.definition);
    await world.runtime.connectPorts('effect', 'end');
    await world.runtime.connectPorts('source.video', 'effect.video_in');
    await expect.poll(() => end.frames.length, PATIENT).toBeGreaterThan(5);
    expect(end.frames.every(({ number, first }) => first === 255 - (number & 255))).toBe(true);
    expect(world.runtime.graph.connections).toHaveLength(3);

    await world.runtime.disconnectPorts('source', 'effect');
    const stopped = end.frames.length;
    await world.runtime.connectPorts('source', 'effect');
    await expect.poll(() => end.frames.length, PATIENT).toBeGreaterThan(stopped + 5);

    const pid = Number(world.runtime.stats().nodes.effect?.pid);
    await world.runtime.removeNode('effect');
    expect(isRunning(pid)).toBe(false);
    expect(world.runtime.graph.nodes.map(({ id }) => id)).toEqual(['source', 'untouched', 'end']);
    await flow.end();
    await expect.poll(() => untouched.frames.length, PATIENT).toBe(flow.sent);
    expect(numbers(untouched)).toEqual(upTo(flow.sent));
  });

  it('puts new code in the place of a processor between two frames', async () => {
    const lossless = { delivery: 'lossless', queue: 4 } as const;
    const { source, sink } = await startPipeline(
      world,
      { file: code('one.py', ADDS(1)) },
      { collects: 'lossless', before: lossless, after: lossless },
    );
    const flow = new Flow(source);
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(10);
    const { pid } = world.runtime.stats().nodes.effect ?? {};

    await world.runtime.replaceNode('effect', 'python', { file: code('two.py', ADDS(2)) });
    const at = sink.frames.length;
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(at + 10);
    await flow.end();
    await expect.poll(() => sink.frames.length, PATIENT).toBe(flow.sent);
    // Nothing is lost and nothing overtakes: one kind of frame, then the other.
    expect(numbers(sink)).toEqual(upTo(flow.sent));
    const added = sink.frames.map(({ number, first }) => (first - number + 256) & 255);
    const change = added.indexOf(2);
    expect(change).toBeGreaterThan(10);
    expect(added).toEqual(added.map((_, index) => (index < change ? 1 : 2)));
    expect(isRunning(Number(pid))).toBe(false);
    const { dropped, nodes } = world.runtime.stats();
    expect(dropped).toBe(0);
    // Figures of a node go on, whatever takes its place.
    expect(nodes.effect).toMatchObject({ frames_in: flow.sent, frames_out: flow.sent });
    expect(nodes.effect?.inputs.video_in?.frames).toBe(flow.sent);
  });

  it('drops at most one frame of live video meanwhile', async () => {
    const { source, sink } = await startPipeline(world, { file: code('one.py', ADDS(1)) });
    await world.reaches('effect', 'running');
    let sent = 0;
    const timer = setInterval(() => source.send(sent++), 50);
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(3);
    await world.runtime.replaceNode('effect', 'python', { file: code('two.py', ADDS(2)) });
    const at = sink.frames.length;
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(at + 3);
    clearInterval(timer);
    const kinds = sink.frames.map(({ number, first }) => (first - number + 256) & 255);
    const change = kinds.indexOf(2);
    const [last, first] = [sink.frames[change - 1]?.number ?? 0, sink.frames[change]?.number ?? 0];
    expect(first - last, `from ${last} to ${first}`).toBeLessThanOrEqual(2);
  });

  it('keeps the old code when the new does not come up or does not fit', async () => {
    const { source, sink } = await startPipeline(world, { file: code('one.py', ADDS(1)) });
    await world.reaches('effect', 'running');
    const { pid } = world.runtime.stats().nodes.effect ?? {};
    const { runtime } = world;
    const by = (file: string, more = {}) => runtime.replaceNode('effect', 'python', { file, ...more });

    await expect(by(pythonFile('broken.py'))).rejects.toThrow(/No module named 'a_module_that_nobody_has'/);
    await expect(by(pythonFile('faults.py'), { processor: 'BadSetup' })).rejects.toThrow(
      /effect: setup failed: RuntimeError: no model found/,
    );
    const other = code(
      'other.py',
      '@streamlib.processor(inputs={"image": VideoFrame}, outputs={"video_out": ObjectDetections})\ndef f(inputs):\n    pass\n',
    );
    await expect(by(other)).rejects.toThrow(
      /node "effect" has no input "video_in"; known: image\neffect.video_out sends ObjectDetections, but sink.video takes/,
    );
    await expect(by(join(folder, 'nowhere.py'))).rejects.toThrow(/there is no file/);

    expect(runtime.stats().nodes.effect).toMatchObject({ pid, state: 'running', restarts: 0 });
    source.send(7);
    await expect.poll(() => sink.frames.map(({ first }) => first), PATIENT).toEqual([8]);
  });

  it('makes a processor of its own process anew, and the old one again if that fails', async () => {
    const made: number[] = [];
    const alive = new Set<number>();
    const gain = defineProcessor({
      type: 'gain',
      inputs: { video: VideoFrame },
      outputs: { video: VideoFrame },
      config: z.object({ by: z.number().default(1) }),
      create: ({ by }) => ({
        setup: () => {
          if (by === 13) throw new Error('thirteen is taken');
          made.push(by);
          alive.add(by);
        },
        process: (ctx, _port, frame) => void ctx.output('video').set(frame),
        teardown: () => void alive.delete(by),
      }),
    });
    const source = pattern();
    const sink = collector('sink', 'lossless');
    world.runtime
      .add('source', source.definition)
      .add('gain', gain)
      .add('sink', sink.definition)
      .connect('source', 'gain', { delivery: 'lossless' })
      .connect('gain', 'sink');
    await world.runtime.start();
    const flow = new Flow(source);
    await world.runtime.reconfigureNode('gain', { by: 2 });
    await expect(world.runtime.reconfigureNode('gain', { by: 13 })).rejects.toThrow(
      /thirteen is taken; the old one goes on/,
    );
    await expect(world.runtime.reconfigureNode('gain', { bye: 1 })).rejects.toThrow(/did you mean "by"/);
    await flow.end();
    expect(made).toEqual([1, 2, 2]);
    expect([...alive]).toEqual([2]);
    await expect.poll(() => sink.frames.length, PATIENT).toBe(flow.sent);
    expect(numbers(sink)).toEqual(upTo(flow.sent));
  });

  it('makes a connection lossless that was not meant to be', async () => {
    const sink = collector('sink', 'lossless');
    world.runtime.add('sink', sink.definition);
    await world.runtime.start();
    await world.runtime.addNode('counter', 'python', {
      file: code(
        'counter.py',
        `
@streamlib.processor(execution="manual", outputs={"video_out": VideoFrame})
def count(ctx):
    number = 0
    while not ctx.should_stop:
        yield VideoFrame.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), number)
        number += 1
`,
      ),
    });
    let open = () => {};
    sink.gate = () => new Promise((resolve) => (open = resolve));
    await world.runtime.connectPorts('counter', 'sink');
    await expect.poll(() => sink.frames.length, PATIENT).toBe(1);
    sink.gate = () => undefined;
    open();
    await expect.poll(() => sink.frames.length, PATIENT).toBeGreaterThan(200);
    const seen = numbers(sink);
    expect(seen).toEqual(seen.map((_, index) => (seen[0] ?? 0) + index));
  });

  it('puts code that works in the place of code that does not', async () => {
    const source = pattern();
    const sink = collector('sink');
    world.runtime
      .add('source', source.definition)
      .add('effect', 'python', { file: pythonFile('broken.py') })
      .add('sink', sink.definition)
      .connect('source', 'effect.video_in')
      .connect('effect.video_out', 'sink');
    await world.runtime.start();
    await world.reaches('effect', 'failed');
    await expect(world.runtime.connectPorts('source', 'effect.other')).rejects.toThrow(/has failed/);
    await world.runtime.replaceNode('effect', 'python', { file: code('one.py', ADDS(1)) });
    source.send(7);
    await expect.poll(() => sink.frames.map(({ first }) => first), PATIENT).toEqual([8]);
    await world.runtime.stop();
    expect((await world.runtime.outcome).failures).toEqual([]);
  });

  it('gives up what it was about to change when it is stopped', async () => {
    await world.runtime.start();
    const slow = code(
      'slow.py',
      `
import threading

@streamlib.processor(inputs={"video_in": VideoFrame})
class Slow:
    def setup(self, ctx):
        print("is being set up")
        threading.Event().wait(600)

    def process(self, ctx):
        pass
`,
    );
    const adding = world.runtime.addNode('slow', 'python', { file: slow, stop_timeout_s: 0.1 });
    adding.catch(() => {});
    await expect
      .poll(() => world.lines.some(({ message }) => message.includes('is being set up')), PATIENT)
      .toBe(true);
    await world.runtime.stop();
    await expect(adding).rejects.toMatchObject({ code: 'stopped' });
    expect(world.runtime.graph.nodes).toEqual([]);
  });

  it('refuses what cannot be, and says what can', async () => {
    const source = pattern();
    world.runtime.add('source', source.definition).add('sink', collector('sink').definition);
    await world.runtime.start();
    const { runtime } = world;
    await expect(runtime.addNode('source', source.definition)).rejects.toThrow(
      /there is a node "source" already/,
    );
    await expect(runtime.addNode('1st', 'python', {})).rejects.toThrow(/malformed/);
    await expect(runtime.addNode('x', 'pyhton', {})).rejects.toThrow(/did you mean "python"/);
    await expect(runtime.connectPorts('source', 'snik')).rejects.toThrow(
      /there is no node "snik"; did you mean "sink"/,
    );
    await expect(runtime.removeNode('snik')).rejects.toThrow(/did you mean "sink"/);
    await expect(runtime.disconnectPorts('source', 'sink')).rejects.toThrow(/there is no connection/);
    await runtime.connectPorts('source', 'sink');
    await expect(runtime.connectPorts('source', 'sink')).rejects.toThrow(/already has a connection/);
    expect(runtime.graph.nodes).toHaveLength(2);
  });

  it('has add() and connect() for a graph that runs, too', async () => {
    const source = pattern();
    const sink = collector('sink');
    await world.runtime.start();
    await world.runtime
      .add('source', source.definition)
      .add('sink', sink.definition)
      .connect('source', 'sink')
      .settled();
    source.send(3);
    await expect.poll(() => numbers(sink), PATIENT).toEqual([3]);
    world.runtime.connect('source', 'nobody');
    await expect(world.runtime.settled()).rejects.toThrow(/there is no node "nobody"/);
  });

  it('holds no more after twenty nodes came and went than before', async () => {
    const source = pattern();
    world.runtime.add('source', source.definition);
    await world.runtime.start();
    const once = async () => {
      await world.runtime.addNode('effect', 'python', { file: pythonFile('invert.py') });
      await world.runtime.connectPorts('source', 'effect');
      source.send(1);
      await world.runtime.removeNode('effect');
    };
    await once();
    const counts = held();
    const descriptors = openDescriptors();
    for (let n = 0; n < 20; n++) await once();
    await expectNothingLeft(counts);
    await expect.poll(openDescriptors).toBeLessThanOrEqual(descriptors);
  }, 120_000);
});
