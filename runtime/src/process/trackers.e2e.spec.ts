import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { type Watched, watched } from '../testing/world.js';
import { membersOf } from './groups.js';

const HEAD = `
import math, os, signal, time
import concurrent.futures as cf
import multiprocessing as mp
from multiprocessing import shared_memory
import streamlib
from streamlib import VideoFrame as V
`;
const SOURCE = (setup: string) => `${HEAD}
@streamlib.processor(execution="manual", outputs={"video": V})
class Source:
    def setup(self, ctx):
${setup
  .split('\n')
  .map((line) => `        ${line}`)
  .join('\n')}
    def start(self, ctx):
        ctx.log.info("holds %s", self.name)
        while not ctx.wait(0.05): pass
`;
const MEMORY = `self.memory = shared_memory.SharedMemory(create=True, size=100_000)
self.name = self.memory.name`;
const POOL = `${MEMORY}
self.pool = cf.ProcessPoolExecutor(2, mp_context=mp.get_context("spawn"))
self.pool.submit(math.sqrt, 2).result()`;
const STUBBORN = `${MEMORY}
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True: time.sleep(10)`;

let sandbox: Sandbox;
let world: Watched;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-trackers-'));
  world = watched({ baseDir: folder });
});
afterEach(async () => {
  await world.runtime.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Named semaphores, which pools of processes have. */
const semaphores = () => readdirSync('/dev/shm').filter((name) => name.startsWith('sem.'));

async function begin(setup: string): Promise<{ file: string; pid: number }> {
  writeFileSync(join(folder, 'source.py'), SOURCE(setup));
  world.runtime.add('source', 'python', { file: 'source.py', restart: 'never' });
  await world.runtime.start();
  const said = () => world.lines.map(({ message }) => /^holds (\S+)/.exec(message)?.[1]).find(Boolean);
  await expect.poll(said, { timeout: 20_000 }).toBeDefined();
  const file = join('/dev/shm', said() ?? '-');
  expect(existsSync(file)).toBe(true);
  return { file, pid: world.runtime.stats().nodes.source?.pid ?? 0 };
}

describe.runIf(process.platform === 'linux')(
  "what a processor's multiprocessing made is removed",
  { timeout: 40_000 },
  () => {
    it.each([
      ['shared memory', MEMORY],
      ['a pool of processes', POOL],
      ['a child that ignores SIGTERM', STUBBORN],
    ])('in order, and after kill -9: %s', async (_what, setup) => {
      const before = semaphores();
      const first = await begin(setup);
      await world.runtime.stop();
      expect(existsSync(first.file)).toBe(false);

      world = watched({ baseDir: folder });
      const second = await begin(setup);
      process.kill(second.pid, 'SIGKILL');
      await world.reaches('source', 'failed');
      expect(existsSync(second.file)).toBe(false);
      expect(semaphores().filter((name) => !before.includes(name))).toEqual([]);
      // Nobody of its group is left.
      await expect.poll(() => membersOf(second.pid)).toEqual([]);
    });
  },
);
