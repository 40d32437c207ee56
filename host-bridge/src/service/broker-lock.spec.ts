import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { brokerLockHolder, InstanceLock } from '../index.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-lock-'));
  path = join(folder, 'broker.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('tells who holds the lock, and nobody once it is released', () => {
  expect(brokerLockHolder(path)).toBeNull();
  const lock = InstanceLock.acquire(path);
  expect(brokerLockHolder(path)).toBe(process.pid);
  lock.release();
  expect(brokerLockHolder(path)).toBeNull();
});

it.runIf(process.platform === 'linux')(
  'a number that was left behind and is another process by now is no holder: it would be ended in its place',
  () => {
    writeFileSync(path, `${process.pid}\n`);
    expect(brokerLockHolder(path)).toBeNull();
    writeFileSync(path, '1\n');
    expect(brokerLockHolder(path)).toBeNull();
  },
);
