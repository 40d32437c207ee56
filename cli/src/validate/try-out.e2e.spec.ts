import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { dev } from '../control/dev.js';
import { run } from '../run/run.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { validate } from './validate.js';

const effect = (body: string) => `
import ctypes, time
import numpy as np
import streamlib
from streamlib import VideoFrame as V

@streamlib.processor(inputs={"video": V}, outputs={"out": V})
${body}
`;
const SOURCE = `
import numpy as np
import streamlib
from streamlib import VideoFrame as V

@streamlib.processor(execution="manual", outputs={"video": V})
def source(ctx):
    n = 0
    while not ctx.wait(0.01):
        n += 1
        yield V.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), n)
`;
const GRAPH = `version: v1
metadata: { name: graph }
nodes:
  - { id: source, node_type: python, params: { file: source.py } }
  - { id: effect, node_type: python, params: { file: effect.py } }
connections:
  - { from: source, to: effect }
`;
const INVERT = 'def f(inputs): return V.from_numpy(255 - inputs["video"].to_numpy())';

let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-try-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function graph(body: string): string {
  writeFileSync(join(folder, 'source.py'), SOURCE);
  writeFileSync(join(folder, 'effect.py'), effect(body));
  const file = join(folder, 'graph.yaml');
  writeFileSync(file, GRAPH);
  return file;
}

describe('code is tried with one frame', { timeout: 60_000 }, () => {
  it.each([
    [
      'an array instead of a frame',
      'def f(inputs): return 255 - inputs["video"].to_numpy()',
      /returned ndarray/,
    ],
    [
      'pixels as floats',
      'def f(inputs): return V.from_numpy(inputs["video"].to_numpy() / 255.0)',
      /dtype uint8/,
    ],
    [
      'a frame taken for an array',
      'def f(inputs): return V.from_numpy(255 - inputs["video"])',
      /effect\.py:8: .*TypeError/,
    ],
    [
      'the inputs taken for a frame',
      'def f(frame): return frame',
      /"video", which is not one of its outputs/,
    ],
    ['a wrong port', 'def f(inputs): return {"aut": inputs["video"]}', /did you mean "out"/],
    ['writing into the input', 'def f(inputs): inputs["video"].to_numpy()[:] = 0', /read-only/],
    ['a forgotten return', 'def f(inputs): inputs["video"].to_numpy()', /f returns nothing/],
    [
      'an argument that nothing gives',
      'class F:\n    def __init__(self, size): pass\n    def process(self, ctx): pass',
      /in setup\(\): TypeError/,
    ],
    [
      'a file that is not there',
      'class F:\n    def setup(self): open("model.onnx")\n    def process(self, ctx): pass',
      /model\.onnx/,
    ],
    ['a crash', 'def f(inputs): ctypes.string_at(0)', /SIGSEGV while it was tried with one frame/],
    ['a name that does not exist', 'def f(inputs): return inptus', /effect\.py:8: .*NameError/],
  ])('by validate: %s', async (_name, body, message) => {
    const io = new RecordedIo();
    expect(await validate(io, graph(body), {})).toBe(2);
    const [said] = io.outLines;
    expect(said).toContain('graph.yaml:5:');
    expect(io.outLines.join('\n')).toMatch(message);
  });

  it('by validate without a complaint, in its own folder, or not at all with --no-try', async () => {
    const io = new RecordedIo();
    writeFileSync(join(folder, 'labels.txt'), 'x');
    const body =
      'class F:\n    def setup(self): open("labels.txt").read()\n    def process(self, ctx): ctx.output().set(ctx.input().get())';
    expect(await validate(io, graph(body), {})).toBe(0);
    expect(await validate(io, graph('def f(inputs): return 1 / 0'), { try: false })).toBe(0);
  });

  it('by run --check, which starts nothing then', async () => {
    const io = new RecordedIo();
    expect(await run(io, graph('def f(inputs): return 1 / 0'), { check: true, json: true })).toBe(2);
    expect(io.json()).toMatchObject({
      error: { code: 'invalid_graph' },
      issues: [{ node: 'effect', message: expect.stringContaining('ZeroDivisionError') }],
    });
    const fine = new RecordedIo();
    expect(await run(fine, graph(INVERT), { check: true, json: true, duration: '3s' })).toBe(0);
  });

  it('by dev, where the old code goes on', async () => {
    const io = new RecordedIo();
    const said = () => io.errLines.join('\n');
    const ended = dev(io, graph(INVERT), {});
    await expect.poll(said, { timeout: 20_000 }).toContain('Watching its files');
    writeFileSync(join(folder, 'effect.py'), effect('def f(inputs): return inptus'));
    await expect.poll(said, { timeout: 20_000 }).toMatch(/effect\.py:8: .*NameError: name 'inptus'/);
    expect(said()).not.toContain('effect was replaced');
    writeFileSync(join(folder, 'effect.py'), effect(INVERT.replace('255', '254')));
    await expect.poll(said, { timeout: 20_000 }).toContain('effect was replaced');
    process.emit('SIGINT');
    expect(await ended).toBe(0);
  });
});
