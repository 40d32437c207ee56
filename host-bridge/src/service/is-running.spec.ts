import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { isRunning, isSuspended, startedAt } from './is-running.js';

it('a process runs until it has ended', async () => {
  expect(isRunning(process.pid)).toBe(true);
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  expect(isRunning(Number(child.pid))).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(Number(child.pid))).toBe(false);
});

it.runIf(process.platform === 'linux')('one that nobody has reaped runs no more', async () => {
  // The shell becomes a program that asks for none of its children.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(createInterface(parent.stdout), 'line');
    const pid = Number(line);
    await expect.poll(() => isRunning(pid), { interval: 1 }).toBe(false);
    expect(() => process.kill(pid, 0)).not.toThrow();
  } finally {
    parent.kill('SIGKILL');
  }
});

it.runIf(process.platform === 'linux')('one that was stopped runs, and is told as suspended', async () => {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const pid = Number(child.pid);
  expect(isSuspended(pid)).toBe(false);
  child.kill('SIGSTOP');
  await expect.poll(() => isSuspended(pid), { interval: 1 }).toBe(true);
  expect(isRunning(pid)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isSuspended(pid)).toBe(false);
});

it('process 1 runs, whoever asks', () => expect(isRunning(1)).toBe(true));

it.runIf(process.platform === 'linux')(
  'when a process began is the same whenever it is asked, and nothing once it is gone',
  async () => {
    const child = spawn('sleep', ['1000']);
    await once(child, 'spawn');
    const began = startedAt(Number(child.pid));
    expect(began).toBeGreaterThan(startedAt(1) ?? Number.NaN);
    expect(began).toBeGreaterThanOrEqual(startedAt(process.pid) ?? Number.NaN);
    expect(startedAt(Number(child.pid))).toBe(began);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(startedAt(Number(child.pid))).toBe(null);
  },
);
