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
    expect(said()).not.toContain('the graph is as its file says');

    write('second.py', SOURCE);
    await expect.poll(said, PATIENT).toContain('the graph is as its file says');

    // Also one that was not there at all.
    write('graph.yaml', manifest('first', 'second', 'third'));
    await expect.poll(said, PATIENT).toMatch(/third\.py/);
    const before = io.errLines.length;
    write('third.py', SOURCE);
    await expect
      .poll(() => io.errLines.slice(before).join('\n'), PATIENT)
      .toContain('the graph is as its file says');
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
    await expect.poll(said, PATIENT).toContain('the graph is as its file says');
    // What comes after it is told after it, so that nothing more can follow.
    writeFileSync(file, SOURCE);
    await expect.poll(said, PATIENT).toContain('first was replaced');
    expect(io.errLines.filter((line) => line.includes('first was replaced'))).toHaveLength(1);
  }, 90_000);
});
