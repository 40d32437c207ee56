import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSettings } from '../../base/settings/settings.js';
import { deepFolder, withoutPrivileges } from '../../testing/folders.js';
import { removeScratch } from './scratch.js';
import { breach, usageOf } from './usage.js';

const MIB = 1024 * 1024;
const settings = { ...defaultSettings().sandbox, memory_mb: 100, scratch_mb: 10, threads: 8 };
const fine = { memory: 10 * MIB, nameless: 0, threads: 2, scratch: 0 };

describe('what a confined process may take', () => {
  it('is told by what it took too much of', () => {
    expect(breach(fine, settings)).toBeNull();
    expect(breach({ ...fine, memory: 700 * MIB }, settings)).toMatch(
      /700 MiB of memory; its limit is 100 MiB/,
    );
    expect(breach({ ...fine, memory: 400 * MIB, nameless: 300 * MIB }, settings)).toMatch(
      /700 MiB of memory/,
    );
    expect(breach({ ...fine, threads: 9 }, settings)).toMatch(/9 threads; its limit is 8/);
    expect(breach({ ...fine, scratch: 11 * MIB }, settings)).toMatch(/11 MiB; its limit is 10 MiB/);
    expect(breach({ ...fine, scratch: Number.POSITIVE_INFINITY }, settings)).toMatch(/more than \d+ files/);
  });
});

describe('usageOf', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'usage-'));
  });
  afterEach(() => removeScratch(folder));

  it('counts what lies in the scratch folder, and files that were removed while open', () => {
    const scratch = join(folder, 'scratch');
    mkdirSync(join(scratch, 'deep'), { recursive: true });
    writeFileSync(join(scratch, 'deep', 'file'), Buffer.alloc(2 * MIB, 1));
    const before = usageOf(process.pid, scratch);
    expect(before?.scratch).toBeGreaterThanOrEqual(2 * MIB);
    expect(before?.memory).toBeGreaterThan(MIB);
    const hidden = join(folder, 'hidden');
    const descriptor = openSync(hidden, 'w');
    writeSync(descriptor, Buffer.alloc(3 * MIB, 1));
    rmSync(hidden);
    const after = usageOf(process.pid, scratch);
    closeSync(descriptor);
    expect((after?.nameless ?? 0) - (before?.nameless ?? 0)).toBeGreaterThanOrEqual(3 * MIB);
  });

  it('folders that are nested deeper than a path can be long are over every limit', () => {
    deepFolder(folder);
    expect(usageOf(process.pid, folder)?.scratch).toBe(Number.POSITIVE_INFINITY);
  });

  it('a folder that may not be looked into hides nothing: it is over every limit', () => {
    withoutPrivileges(folder, () => {
      mkdirSync(join(folder, 'blind'), { mode: 0o300 });
      expect(usageOf(process.pid, folder)?.scratch).toBe(Number.POSITIVE_INFINITY);
    });
  });

  it('is null for a process that is gone', () => {
    expect(usageOf(2 ** 22 + 1, folder)).toBeNull();
  });
});
