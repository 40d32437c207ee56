import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { dev } from './dev.js';

const PATIENT = { timeout: 20_000 };
const SOURCE = `
import numpy as np
import streamlib
from streamlib import VideoFrame

@streamlib.processor(execution="manual", outputs={"video": VideoFrame})
def count(ctx):
    while not ctx.wait(0.01):
        yield VideoFrame.from_numpy(np.zeros((8, 16, 3), np.uint8), ctx.now_ns(), 0)
`;

let sandbox: Sandbox;
let folder: string;
let ended: Promise<number> | null = null;

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-dev-'));
});
afterEach(async () => {
  process.emit('SIGINT');
  expect(await ended).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const manifest = (...nodes: string[]) =>
  `version: v1\nnodes:\n${nodes.map((name) => `  - { id: ${name}, node_type: python, params: { file: ${name}.py } }\n`).join('')}`;

describe('streamlib dev', () => {
  it('what could not be applied is applied once the file that kept it from it is mended', async () => {
    write('first.py', SOURCE);
    const graph = write('graph.yaml', manifest('first'));
    const io = new RecordedIo();
    ended = dev(io, graph, {});
    const said = () => io.errLines.join('\n');
    await expect.poll(said, PATIENT).toContain('Watching its files');

    write('second.py', 'this is no Python\n');
    write('graph.yaml', manifest('first', 'second'));
    await expect.poll(said, PATIENT).toMatch(/second.*SyntaxError/s);
    expect(said()).not.toContain('second added');

    write('second.py', SOURCE);
    await expect.poll(said, PATIENT).toContain('graph.yaml: second added');

    // Also one that was not there at all.
    write('graph.yaml', manifest('first', 'second', 'third'));
    await expect.poll(said, PATIENT).toMatch(/third\.py/);
    const before = io.errLines.length;
    write('third.py', SOURCE);
    await expect.poll(() => io.errLines.slice(before).join('\n'), PATIENT).toContain('third added');
  }, 90_000);

  it('a node whose file changes together with the manifest is replaced once', async () => {
    const file = write('first.py', SOURCE);
    const graph = write('graph.yaml', manifest('first'));
    const io = new RecordedIo();
    ended = dev(io, graph, {});
    const said = () => io.errLines.join('\n');
    await expect.poll(said, PATIENT).toContain('Watching its files');

    writeFileSync(file, `${SOURCE}# changed\n`);
    write('graph.yaml', manifest('first').replace('first.py', 'first.py, config: { a: 1 }'));
    await expect.poll(said, PATIENT).toContain('graph.yaml: first replaced');
    // What comes after it is told after it, so that nothing more can follow.
    writeFileSync(file, SOURCE);
    await expect.poll(said, PATIENT).toContain('first was replaced');
    expect(io.errLines.filter((line) => line.includes('first was replaced'))).toHaveLength(1);
  }, 90_000);

  describe('a port that is renamed', () => {
    const EFFECT = `
import streamlib
from streamlib import VideoFrame

@streamlib.processor(inputs={"into": VideoFrame}, outputs={"out": VideoFrame})
def effect(inputs):
    return {"out": inputs["into"]}
`;
    const renamed = EFFECT.replaceAll('"out"', '"pic"');
    const wired = (from: string) =>
      `${manifest('first', 'effect', 'last')}connections:\n  - { from: first, to: effect }\n  - { from: ${from}, to: last.into }\n`;
    let io: RecordedIo;
    const said = () => io.errLines.join('\n');
    const start = async (from: string): Promise<string> => {
      write('first.py', SOURCE);
      write('effect.py', EFFECT);
      write('last.py', EFFECT);
      const graph = write('graph.yaml', wired(from));
      io = new RecordedIo();
      ended = dev(io, graph, {});
      await expect.poll(said, PATIENT).toContain('Watching its files');
      return graph;
    };

    it('in its file first and in the graph afterwards is followed, and what was connected stays until then', async () => {
      await start('effect.out');
      write('effect.py', renamed);
      await expect.poll(said, PATIENT).toContain('has no output "out"');
      write('graph.yaml', wired('effect.pic'));
      await expect.poll(said, PATIENT).toContain('effect replaced, effect.pic → last.into connected');
    }, 90_000);

    it('in both at once is followed', async () => {
      await start('effect.out');
      write('effect.py', renamed);
      write('graph.yaml', wired('effect.pic'));
      await expect.poll(said, PATIENT).toContain('effect replaced, effect.pic → last.into connected');
      expect(said()).not.toContain('has no output');
    }, 90_000);

    it('where the graph leaves it out is followed by itself', async () => {
      await start('effect');
      write('effect.py', renamed);
      await expect.poll(said, PATIENT).toContain('effect was replaced');
    }, 90_000);
  });
});
