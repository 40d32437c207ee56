import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChildExit } from '../../process/child.js';
import { memoryLogger } from '../../testing/logger.js';
import { openDescriptors } from '../../testing/world.js';
import { wantsFreshInterpreter } from './job.js';
import { SparePool } from './pool.js';
import { sparesWanted } from './wanted.js';

// Stands in for Python: says something, waits for its job, and does what the job's first argument says.
const FAKE_PYTHON = `#!/usr/bin/env node
const { readFileSync, writeSync } = require('node:fs');
if (process.env.FAKE === 'dies') process.exit(5);
writeSync(1, 'early');
writeSync(2, 'early trouble\\n');
const text = readFileSync(3, 'utf8');
if (text === '') process.exit(0);
const job = JSON.parse(text);
for (const fd of [1, 2]) writeSync(fd, '\\n' + job.mark + '\\n');
writeSync(1, JSON.stringify([job.arguments, job.environment.FAKE_NAME, job.secret]) + '\\n');
writeSync(2, 'late trouble\\n');
process.exit(7);
`;

let folder: string;
let python: string;
let file: string;
let log: ReturnType<typeof memoryLogger>;
let pool: SparePool;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-spare-'));
  python = join(folder, 'bin', 'python');
  file = join(folder, 'effect.py');
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'lib/python3.11/site-packages'), { recursive: true });
  writeFileSync(python, FAKE_PYTHON);
  chmodSync(python, 0o755);
  writeFileSync(file, 'import streamlib\n');
  log = memoryLogger();
  pool = new SparePool(log, 20);
});
afterEach(async () => {
  await pool.close();
  delete process.env.FAKE;
  delete process.env.FAKE_NAME;
  rmSync(folder, { recursive: true });
});

/** Takes a spare and waits for its end; null when there was none. */
function take(): Promise<{ pid: number | null; exit: ChildExit; lines: string[] }> | null {
  const lines: string[] = [];
  let exited: (exit: ChildExit) => void = () => {};
  const end = new Promise<ChildExit>((resolve) => {
    exited = resolve;
  });
  const child = pool.take(
    {
      python,
      arguments: [file, 'Effect'],
      env: { ...process.env, FAKE_NAME: 'ändert sich', GONE: undefined },
      secret: 'only you',
      onLine: (stream, line) => lines.push(`${stream}: ${line}`),
      onExit: exited,
    },
    file,
  );
  return child === null ? null : end.then((exit) => ({ pid: child.pid, exit, lines }));
}

const spares = () =>
  log.lines
    .filter(({ message }) => message === 'spare Python process started')
    .map(({ fields }) => Number(fields?.pid));

describe('SparePool', () => {
  it('gives its process a job: what it said before is not the processor’s, what it says then is', async () => {
    pool.warm(python);
    const taken = await take();
    expect(taken?.pid).toBe(spares()[0]);
    expect(taken?.exit).toMatchObject({ code: 7, stderrTail: ['late trouble'] });
    expect(taken?.lines.sort()).toEqual([
      'stderr: late trouble',
      `stdout: ${JSON.stringify([[file, 'Effect'], 'ändert sich', 'only you'])}`,
    ]);
    expect(log.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['spare Python process: early', 'spare Python process: early trouble']),
    );
  });

  it('has one at most, uses it once, and replaces it when things have settled', async () => {
    pool.warm(python);
    pool.warm(python);
    expect(spares()).toHaveLength(1);
    const first = take();
    expect(first).not.toBeNull();
    expect(take()).toBeNull();
    await expect.poll(() => spares().length).toBe(2);
    expect((await take())?.pid).not.toBe((await first)?.pid);
  });

  it('has as many as asked for, started one after the other, and fewer again when fewer are', async () => {
    pool.resize('plain', 3);
    pool.warm(python);
    expect(spares()).toHaveLength(1);
    await expect.poll(() => pool.counts.waiting).toBe(3);
    const takers = [take(), take(), take()];
    expect(takers).not.toContain(null);
    expect(take()).toBeNull();
    expect(pool.counts).toMatchObject({ waiting: 0, taken: 3, missed: 1 });
    await Promise.all(takers);
    await expect.poll(() => pool.counts.waiting).toBe(3);
    const last = spares().slice(-3);
    pool.resize('plain', 1);
    expect(pool.counts).toMatchObject({ waiting: 1, discarded: 2 });
    await expect.poll(() => last.filter(isRunning)).toEqual(last.slice(0, 1));
  });

  it('has none of a kind that nobody wants', () => {
    pool.resize('plain', 0);
    pool.warm(python);
    expect(take()).toBeNull();
    expect(pool.counts).toEqual({ waiting: 0, taken: 0, missed: 0, discarded: 0, died: 0 });
  });

  it('throws one away whose environment has changed', async () => {
    pool.warm(python);
    const [pid = 0] = spares();
    writeFileSync(join(folder, 'lib/python3.11/site-packages/new.py'), '');
    expect(take()).toBeNull();
    await expect.poll(() => isRunning(pid)).toBe(false);
    await expect.poll(() => spares().length).toBe(2);
    expect(await take()).not.toBeNull();
  });

  it('throws one away whose variables have changed', async () => {
    pool.warm(python);
    process.env.FAKE_NAME = 'another';
    expect(take()).toBeNull();
    pool.warm(python);
    expect(await take()).not.toBeNull();
  });

  it('leaves a file alone that sets what packages read when they are imported', () => {
    pool.warm(python);
    writeFileSync(file, 'import os\nos.environ["OPENBLAS_NUM_THREADS"] = "1"\nimport numpy\n');
    expect(take()).toBeNull();
  });

  it('does not start one again that ended by itself, until something has changed', async () => {
    process.env.FAKE = 'dies';
    pool.warm(python);
    await expect.poll(() => log.lines.some(({ message }) => /exited with code 5/.test(message))).toBe(true);
    expect(take()).toBeNull();
    pool.warm(python);
    expect(spares()).toHaveLength(1);
    delete process.env.FAKE;
    pool.warm(python);
    expect(spares()).toHaveLength(2);
  });

  it('leaves nothing behind when it is closed', async () => {
    const before = openDescriptors();
    pool.warm(python);
    const [pid = 0] = spares();
    await pool.close();
    expect(isRunning(pid)).toBe(false);
    expect(openDescriptors()).toBe(before);
    pool.warm(python);
    expect(spares()).toHaveLength(1);
    expect(take()).toBeNull();
  });

  it('does without where there is no Python', () => {
    rmSync(python);
    pool.warm(python);
    expect(spares()).toEqual([]);
    expect(take()).toBeNull();
  });
});

describe('sparesWanted', () => {
  afterEach(() => {
    delete process.env.STREAMLIB_SPARE;
  });
  it.each([
    [undefined, {}, 1],
    [undefined, { spareProcess: false }, 0],
    [undefined, { spareProcesses: 4, spareProcess: false }, 4],
    ['0', { spareProcess: true }, 0],
    ['0', { spareProcesses: 4 }, 0],
    ['off', {}, 0],
    ['1', { spareProcess: false }, 1],
    ['yes', { spareProcesses: 4 }, 1],
    ['3', {}, 3],
    ['1000', {}, 64],
    ['', { spareProcess: false }, 0],
  ])('STREAMLIB_SPARE=%s and %j: %s', (variable, wishes, wanted) => {
    if (variable !== undefined) process.env.STREAMLIB_SPARE = variable;
    expect(sparesWanted(wishes)).toBe(wanted);
  });

  it('are as many as the setting says where nothing else does', () => {
    expect(sparesWanted({}, () => 5)).toBe(5);
    expect(sparesWanted({ spareProcesses: 0 }, () => 5)).toBe(0);
  });

  it.each([-1, 1.5, 65, Number.NaN])('cannot be %s', (spareProcesses) => {
    expect(() => sparesWanted({ spareProcesses })).toThrow(/give a whole number from 0 to 64/);
  });
});

describe('wantsFreshInterpreter', () => {
  it.each([
    ['os.environ.setdefault("OMP_NUM_THREADS", "1")', true],
    ['os.environ["NPY_DISABLE_CPU_FEATURES"] = "AVX512F"', true],
    ['threads = 4', false],
    ['import numpy as np', false],
  ])('%s: %s', (source, wants) => expect(wantsFreshInterpreter(source)).toBe(wants));
});
