import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeLogFile, openLogFile } from './log-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = (path: string) =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;

describe('the log of a runtime', () => {
  it('is written, and closed once', async () => {
    const path = join(folder, 'a.log');
    const file = openLogFile(path, (message) => expect.fail(message));
    file.write('one\n');
    file.write('two\n');
    await closeLogFile(file);
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(opened(path)).toBe(0);
  });

  it('a full disk does not end the runtime: it is told once, and closing ends', async () => {
    const told: string[] = [];
    const full = openLogFile('/dev/full', (message) => told.push(message));
    full.write('one\n');
    await expect.poll(() => told.length).toBe(1);
    for (const line of ['two\n', 'three\n']) full.write(line);
    await closeLogFile(full);
    expect(told).toEqual([expect.stringMatching(/\/dev\/full cannot be written.*make room.*ENOSPC/)]);
    expect(opened('/dev/full')).toBe(0);
  });

  it('one that cannot be opened is an error of whoever opens it', () => {
    expect(() => openLogFile(join(folder, 'missing', 'a.log'), () => undefined)).toThrow(/ENOENT/);
  });
});
