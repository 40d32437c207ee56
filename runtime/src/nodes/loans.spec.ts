import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { FramePool, type Texture } from '@streamlib/host-bridge';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../testing/logger.js';
import { Loans } from './loans.js';

let shell: ChildProcess;
let pool: FramePool;
beforeEach(() => {
  // Started while a process can be started.
  shell = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] });
  pool = new FramePool();
});
afterEach(() => {
  pool.close();
  shell.kill('SIGKILL');
});

async function limitDescriptors(to: string): Promise<void> {
  const done = once(shell.stdout as NodeJS.ReadableStream, 'data');
  shell.stdin?.write(`prlimit --pid ${process.pid} --nofile=${to}: && echo done\n`);
  await done;
}

it('a frame that the system refuses is dropped, not the end of who asks, and the next may be had', async () => {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const loans = new Loans(() => pool, log);
  const before = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '';
  const textures: (Texture | null)[] = [];
  await limitDescriptors('3');
  try {
    for (let n = 0; n < 3; n++) textures.push(loans.texture(320, 240));
  } finally {
    await limitDescriptors(before);
  }
  expect(textures).toEqual([null, null, null]);
  expect(told).toEqual([expect.stringMatching(/no memory for a frame.*raise its limits/)]);
  const texture = loans.texture(320, 240);
  expect(texture?.width).toBe(320);
  texture?.close();
});

it('what is wrong with the question is an error still', () => {
  const loans = new Loans(() => pool, silentLogger);
  expect(() => loans.texture(0, 240)).toThrow();
});
