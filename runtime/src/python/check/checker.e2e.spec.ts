import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VideoFrame } from '@streamlib/host-bridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Logger, silent } from '../../base/log/logger.js';
import { defaultSettings } from '../../base/settings/settings.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { venvPath } from '../environment/locate.js';
import { openProcessSandbox } from '../sandbox/sandbox.js';
import { confinedSpare } from '../sandbox/spare.js';
import { SparePool } from '../spare/pool.js';
import { PythonChecker } from './checker.js';
import type { CheckRequest } from './types.js';

let world: Sandbox;
let checker: PythonChecker;

beforeAll(async () => {
  world = await openSandbox();
  const settings = { ...defaultSettings().sandbox, memory_mb: 512 };
  checker = new PythonChecker({
    environment: () => Promise.resolve(venvPath()),
    sandbox: (environment) => openProcessSandbox(environment, settings),
    limitMs: 15_000,
  });
});
afterAll(() => world.close());

const check = (code: string, more: Partial<CheckRequest> = {}) =>
  checker.check(code, { name: 'guest', ...more });

const processor = (body: string, imports = '') => `import streamlib
from streamlib import VideoFrame
${imports}

@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def guest(inputs, ctx):
${body
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`;

describe('code that is looked at before it runs', () => {
  it('is tried with one frame, and shown what came out, what it printed and how long it took', async () => {
    const report = await check(
      processor(
        'print("looking at", ctx.config["what"])\nreturn {"video_out": VideoFrame.from_numpy(inputs["video_in"].to_numpy()[::2, ::2])}',
      ),
      { config: { what: 'edges' } },
    );
    expect(report).toMatchObject({
      ok: true,
      problems: [],
      execution: 'reactive',
      ports: { inputs: [{ name: 'video_in' }], outputs: [{ name: 'video_out', schema: VideoFrame }] },
      dryRun: { outputs: { video_out: '320x240 rgb8' }, printed: ['looking at edges'] },
    });
    expect(report.dryRun?.milliseconds).toBeGreaterThan(0);
    expect(existsSync(join(world.home, 'checks')) ? readdirSync(join(world.home, 'checks')) : []).toEqual([]);
  });

  it('of a source shows its first frame', async () => {
    const report = await check(`import numpy as np
import streamlib
from streamlib import VideoFrame

@streamlib.processor(outputs={"video_out": VideoFrame}, execution="manual")
def guest(ctx):
    while True:
        yield VideoFrame.from_numpy(np.zeros((48, 64, 3), dtype=np.uint8))
`);
    expect(report).toMatchObject({
      ok: true,
      execution: 'manual',
      dryRun: { outputs: { video_out: '64x48 rgb8' } },
    });
  });

  it('names all packages that are missing at once, by the names under which they are requested', async () => {
    const report = await check(
      processor(
        'return None',
        'import cv4\nimport numpy\nfrom sklearn import svm\nimport skimage.filters\ntry:\n    import nowhere\nexcept ImportError:\n    nowhere = None',
      ),
    );
    expect(report.ok).toBe(false);
    expect(report.problems).toHaveLength(1);
    expect(report.problems[0]).toMatchObject({
      kind: 'missing_packages',
      line: 3,
      packages: ['cv4', 'scikit-learn', 'scikit-image'],
      message: expect.stringContaining('sklearn (line 5, from the package scikit-learn)'),
      next: expect.stringContaining('request_package {"package": "scikit-learn"'),
    });
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['syntax', 'import streamlib\ndef f(:\n', { kind: 'syntax', line: 2, column: 7 }],
    [
      'an import that fails',
      'import streamlib\n1 / 0\n',
      { kind: 'import', line: 2, message: 'ZeroDivisionError: division by zero' },
    ],
    ['no processor', 'import streamlib\n', { kind: 'ports', message: 'the code declares no processor' }],
    [
      'an error with the frame',
      processor('return inputs["video"]'),
      {
        kind: 'dry_run',
        line: 7,
        message: expect.stringMatching(/the first call, with one synthetic frame: \w+: .*video/),
      },
    ],
    [
      'an output that is not what the port declares',
      processor('return {"video_out": 5}'),
      { kind: 'dry_run', message: expect.stringContaining('video_out') },
    ],
    [
      'the network',
      processor('urlopen("http://127.0.0.1")', 'from urllib.request import urlopen'),
      { kind: 'dry_run' },
    ],
    [
      'a socket',
      processor('socket.socket()', 'import socket'),
      { kind: 'sandbox', line: 7, message: expect.stringContaining('opening a socket') },
    ],
    [
      "somebody's files",
      processor('open("/etc/passwd")'),
      { kind: 'sandbox', line: 7, message: expect.stringContaining('/etc/passwd') },
    ],
    [
      'a call without end',
      processor('while True:\n    pass'),
      { kind: 'dry_run', message: 'with one synthetic frame: nothing came back within 8 s' },
    ],
    [
      'an import without end',
      'while True:\n    pass\n',
      { kind: 'sandbox', message: 'it had not finished after 15 s while it was imported' },
    ],
    [
      'a crash',
      processor('ctypes.memset(0, 0, 1)', 'import ctypes'),
      { kind: 'dry_run', message: expect.stringContaining('SIGSEGV') },
    ],
    [
      'a link in the place of the findings',
      'import os\nfor n in os.listdir(os.environ["TMPDIR"]):\n    p = os.path.join(os.environ["TMPDIR"], n)\n    os.remove(p)\n    os.symlink("/etc/passwd", p)\nos._exit(0)\n',
      { kind: 'import', message: expect.stringContaining('ended while it was imported') },
    ],
    [
      'an exit',
      'import os\nos._exit(0)\n',
      { kind: 'import', message: expect.stringContaining('ended while it was imported') },
    ],
    [
      'memory without end',
      processor('kept = []\nwhile True:\n    kept.append(bytearray(64 << 20))'),
      { kind: 'dry_run', message: expect.stringContaining('MemoryError') },
    ],
  ])('%s: one problem, with its place', async (_, code, problem) => {
    const report = await check(code);
    expect(report.ok).toBe(false);
    expect(report.problems).toHaveLength(1);
    expect(report.problems[0]).toMatchObject(problem);
    expect(report.problems[0]?.next).not.toBe('');
  });

  it('runs nothing when only asked about its imports and ports', async () => {
    const report = await check(processor('raise RuntimeError'), { dryRun: false });
    expect(report).toMatchObject({ ok: true, dryRun: null });
  });

  it('compares its ports with what they are to be connected to', async () => {
    const report = await check(processor('return None'), {
      connections: [
        { from_processor: 'camera', from_port: 'video', to_processor: 'guest', to_port: 'video' },
        { from_processor: 'guest', from_port: '', to_processor: 'display', to_port: '' },
      ],
      knownPorts: {
        'camera.video': { direction: 'output', schema: VideoFrame },
        'display.video': { direction: 'input', schema: VideoFrame },
      },
    });
    expect(report.problems.map(({ message }) => message)).toEqual([
      'the code declares no input "video"; known: video_in',
    ]);
  });
});

describe('with a spare process', () => {
  it('is as confined, and faster than an interpreter starts', async () => {
    const lines: string[] = [];
    const log: Logger = { ...silent, debug: (message) => lines.push(message) };
    const spares = new SparePool(log, 0, { confined: confinedSpare });
    const quick = new PythonChecker({
      environment: () => Promise.resolve(venvPath()),
      sandbox: (environment) => openProcessSandbox(environment, defaultSettings().sandbox),
      spares,
      close: () => spares.close(),
    });
    const warm = (times: number) => () =>
      lines.filter((line) => line === 'spare Python process: warm').length >= times;
    try {
      await quick.warm();
      await expect.poll(warm(1), { timeout: 20_000 }).toBe(true);
      expect(
        await quick.check(processor('print("here")\nreturn {"video_out": inputs["video_in"]}'), {
          name: 'guest',
        }),
      ).toMatchObject({
        ok: true,
        dryRun: { outputs: { video_out: '640x480 rgb8' }, printed: ['here'] },
      });
      await expect.poll(warm(2), { timeout: 20_000 }).toBe(true);
      const report = await quick.check(processor('open("/etc/passwd")'), { name: 'guest' });
      expect(report.problems).toMatchObject([{ kind: 'sandbox', line: 7 }]);
    } finally {
      await quick.close();
    }
  });
});
