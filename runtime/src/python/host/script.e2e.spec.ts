import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { type Watched, watched } from '../../testing/world.js';

const CODE = `
import argparse, os, sys
import numpy as np
import streamlib
from streamlib import VideoFrame

parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int, default=8)
size = parser.parse_args().size
labels = open("labels.txt").read()

@streamlib.processor(execution="manual", outputs={"video": VideoFrame})
class Source:
    def setup(self, ctx):
        ctx.log.info("argv %s, in %s, labels %s", sys.argv, os.getcwd(), open("labels.txt").read())
    def start(self, ctx):
        n = 0
        while not ctx.wait(0.01):
            n += 1
            sys.stderr.write(f"\\r{n:3d}%|{'#' * (n % 20):20s}| {n}/300")
            sys.stderr.flush()
`;

let sandbox: Sandbox;
let world: Watched;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'streamlib-script-')));
  writeFileSync(join(folder, 'labels.txt'), 'cat dog');
  writeFileSync(join(folder, 'source.py'), CODE);
});
afterEach(async () => {
  await world.runtime.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a file of Python code', { timeout: 30_000 }, () => {
  it.each([
    ['by a spare process', true],
    ['by one that is started for it', false],
  ])(
    'is run as a script is, %s: its own folder, no arguments of ours, its progress bar seen',
    async (_how, spareProcess) => {
      world = watched({ spareProcess });
      world.runtime.add('source', 'python', { file: join(folder, 'source.py') });
      await world.runtime.start();
      const said = () => world.lines.map(({ message }) => message);
      await expect
        .poll(() => said().join('\n'), { timeout: 10_000 })
        .toContain(`argv ['${join(folder, 'source.py')}'], in ${folder}, labels cat dog`);
      const bars = () => said().filter((text) => /^ *\d+%\|#* *\| \d+\/300$/.test(text));
      await expect.poll(() => bars().length, { timeout: 10_000 }).toBeGreaterThan(1);
      // A hundred a second are written.
      expect(bars().length).toBeLessThan(20);
    },
  );
});
