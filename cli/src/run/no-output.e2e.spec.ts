import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { run } from './run.js';

const HEAD = `
import ctypes, os, signal, time
import numpy as np
import streamlib
from streamlib import VideoFrame as V
`;

/** Ten pictures, then it is at its end. */
const FILM = `
@streamlib.processor(execution="manual", outputs={"video": V})
def film(ctx):
    for n in range(10):
        yield V.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), n)
`;

const SINK = `
@streamlib.processor(inputs={"video": V})
def sink(inputs): pass
`;

const effect = (body: string) => `
@streamlib.processor(inputs={"video": V}, outputs={"out": V})
${body}
`;

const GRAPH = `
version: v1
metadata: { name: graph }
nodes:
  - { id: film, node_type: python, params: { file: film.py } }
  - { id: effect, node_type: python, params: { file: effect.py } }
  - { id: sink, node_type: python, params: { file: sink.py } }
connections:
  - { from: film, to: effect, delivery: lossless }
  - { from: effect, to: sink, delivery: lossless }
`;

let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function graph(body: string, text = GRAPH): string {
  for (const [name, code] of Object.entries({ film: FILM, sink: SINK, effect: effect(body) }))
    writeFileSync(join(folder, `${name}.py`), HEAD + code);
  const file = join(folder, 'graph.yaml');
  writeFileSync(file, text);
  return file;
}

interface Result {
  readonly outcome: string;
  readonly no_output: readonly { node: string; message: string; failed: boolean }[];
}

describe('a run in which nothing came out', { timeout: 60_000 }, () => {
  it('is a failure that says why, when every frame of a film raised', async () => {
    const io = new RecordedIo();
    expect(await run(io, graph('def f(inputs): return 1 / 0'), {})).toBe(1);
    const text = io.outLines.join('\n');
    expect(text).toContain(
      'nothing came out at sink: effect raised an exception at each of its frames (10): process: ZeroDivisionError: division by zero',
    );
    expect(text).toContain('graph finished after');
  });

  it.each([
    [
      'setup always fails',
      'class F:\n    def setup(self, ctx): open("model.onnx")\n    def process(self, ctx): pass',
      /nothing came out at sink: .*effect.*No such file or directory: 'model\.onnx'/,
    ],
    [
      'the process crashes at every frame',
      'def f(inputs): ctypes.string_at(0)',
      /nothing came out at sink: .*effect.*SIGSEGV/,
    ],
    [
      'a result is forgotten',
      'def f(inputs): inputs["video"].to_numpy()',
      /nothing came out at sink: effect raised an exception at each .* f returns nothing/,
    ],
  ])('is a failure also when its time is up (--json): %s', async (_name, body, why) => {
    const io = new RecordedIo();
    expect(await run(io, graph(body), { json: true, duration: '3s' })).toBe(1);
    const result = io.json() as Result;
    expect(result.no_output).toMatchObject([{ node: 'sink', failed: true }]);
    expect(result.no_output[0]?.message).toMatch(why);
    expect(io.errLines.join('\n')).toMatch(why);
  });

  it('is told for one end of several: a failure where there was an error on the way', async () => {
    const two = GRAPH.replace(
      'connections:',
      '  - { id: other, node_type: python, params: { file: sink.py } }\nconnections:',
    );
    const text = `${two}  - { from: film, to: other, delivery: lossless }\n`;
    const failing = new RecordedIo();
    expect(await run(failing, graph('def f(inputs): return 1 / 0', text), { json: true })).toBe(1);
    expect((failing.json() as Result).no_output.map(({ node }) => node)).toEqual(['sink']);

    const quiet = new RecordedIo();
    const nothingYet = 'def f(inputs): return inputs["video"] if inputs["video"].frame_number > 99 else None';
    expect(await run(quiet, graph(nothingYet, text), { json: true })).toBe(0);
    expect((quiet.json() as Result).no_output).toEqual([
      {
        node: 'sink',
        message: 'nothing came out at sink: effect took 10 frames and sent none',
        failed: false,
      },
    ]);
  });

  it('is none where something did, though some frames raised', async () => {
    const io = new RecordedIo();
    const body = 'def f(inputs): return inputs["video"] if inputs["video"].frame_number > 3 else 1 / 0';
    expect(await run(io, graph(body), { json: true })).toBe(0);
    expect((io.json() as Result).no_output).toEqual([]);
  });
});
