import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Runtime } from '../engine/runtime.js';
import { type Collector, collector, type Pattern, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { expectNothingLeft, held, type Watched, watched } from '../testing/world.js';
import { ControlClient } from './client.js';
import { PYTHON_EXAMPLES } from './examples.js';
import { ControlServer, controlTokenFile } from './server.js';

let sandbox: Sandbox;
let world: Watched;
let before: ReturnType<typeof debugCounts>;
let server: ControlServer;
let client: ControlClient;
let folder: string;
let source: Pattern;
let sink: Collector;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(async () => {
  before = held();
  world = watched({ live: true });
  folder = mkdtempSync(join(tmpdir(), 'streamlib-control-'));
  source = pattern();
  sink = collector('sink');
  server = await ControlServer.open(world.runtime, {
    packages: null,
    checker: null,
    sandbox: null,
    allowUnconfined: true,
  });
  client = new ControlClient(world.runtime.id, server.address);
  world.runtime.add('source', source.definition).add('sink', sink.definition);
  await world.runtime.start();
});
afterEach(async () => {
  await world.runtime.stop();
  await server.close();
  await expectNothingLeft(before);
  rmSync(folder, { recursive: true, force: true });
});

const user = (name: string, input: object = {}) => client.call(name, input, { origin: 'user' });
const agent = (name: string, input: object = {}) =>
  client.call(name, input, { origin: 'agent', folders: [folder] });
const [filter] = PYTHON_EXAMPLES;

/** A call that has begun to look before frame `n` is sent. */
async function whileSending<T>(call: Promise<T>): Promise<T> {
  let n = 0;
  const timer = setInterval(() => source.send(n++), 5);
  try {
    return await call;
  } finally {
    clearInterval(timer);
  }
}

describe('the control API', () => {
  it('adds code that came as text, connects it, shows what comes out, and takes it out again', async () => {
    const added = await agent('add_processor', {
      name: 'effect',
      code: filter.code,
      connections: [{ from_processor: 'source', to_processor: 'effect' }],
    });
    expect(added).toMatchObject({
      name: 'effect',
      type: 'python',
      state: 'running',
      next: expect.stringContaining('effect.video_out'),
    });
    await agent('connect_processors', { from_processor: 'effect', to_processor: 'sink' });
    const seen = await whileSending(agent('snapshot', { port: 'effect.video_out' }));
    expect(seen).toMatchObject({ width: 16, height: 8, format: 'rgb8', port: 'effect.video_out' });
    expect(Buffer.from(String(seen.png_base64), 'base64').subarray(1, 4).toString()).toBe('PNG');

    const tapped = await whileSending(agent('tap', { port: 'sink.video', count: 3 }));
    expect(tapped).toMatchObject({ port: 'effect.video_out', complete: true });
    expect((tapped.messages as { frame_number: number; pixel_buffer: object }[])[0]).toMatchObject({
      frame_number: expect.any(Number),
      pixel_buffer: { width: 16, height: 8 },
    });
    const graph = await agent('get_graph', { code: true });
    expect(graph).toMatchObject({
      connections: [
        { from_processor: 'source', from_port: 'video', to_processor: 'effect', to_port: 'video_in' },
        { from_processor: 'effect', from_port: 'video_out', to_processor: 'sink', to_port: 'video' },
      ],
      processors: [{}, {}, { name: 'effect', code: filter.code }],
    });

    const code = filter.code.replace('255 - pixels', 'pixels // 2');
    await agent('replace_processor', { name: 'effect', code });
    const listed = await agent('list_running');
    expect(listed.processors).toHaveLength(3);
    const saved = await agent('save_graph', { folder: join(folder, 'saved') });
    expect(readFileSync(String(saved.manifest), 'utf8')).toContain('file: effect.py');
    expect(readFileSync(join(folder, 'saved', 'effect.py'), 'utf8')).toBe(code);
    await expect(agent('save_graph', { folder: join(folder, 'saved') })).rejects.toMatchObject({
      code: 'invalid',
    });

    await agent('disconnect_processors', { from_processor: 'effect', to_processor: 'sink' });
    expect(await agent('remove_processor', { name: 'effect' })).toEqual({ removed: 'effect' });
    expect(await agent('get_graph')).toMatchObject({ connections: [] });
    expect((await agent('get_metrics', { processor: 'source' })).processors).toHaveProperty('source');
  });

  it('says what is wrong and what to do next', async () => {
    const bad = agent('add_processor', { name: 'effect', code: 'import streamlib\nthis is no Python\n' });
    await expect(bad).rejects.toMatchObject({
      code: 'code',
      message: expect.stringMatching(/effect\.py:2: SyntaxError/),
      next: expect.stringContaining('Correct the code'),
    });
    await expect(agent('snapshot', { port: 'source.video', timeout_s: 0.05 })).rejects.toMatchObject({
      code: 'timeout',
      next: expect.stringContaining('get_logs'),
    });
    await expect(agent('snapshot', { port: 'sauce' })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('did you mean "source"'),
    });
    await expect(agent('snapshot', { port: 'sink' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(
      agent('connect_processors', { from_processor: 'source', to_processor: 'snik' }),
    ).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('did you mean "sink"'),
    });
    await expect(agent('add_processor', { name: 'x', cod: '' })).rejects.toMatchObject({
      code: 'invalid',
      next: expect.stringContaining('code'),
    });
    await expect(agent('add_processsor')).rejects.toMatchObject({
      message: expect.stringContaining('did you mean "add_processor"'),
    });
    await expect(agent('list_python_packages')).rejects.toMatchObject({ code: 'unavailable' });
    const failing = agent('add_processor', {
      name: 'effect',
      code: filter.code,
      connections: [{ from_processor: 'nobody', to_processor: 'effect' }],
    });
    await expect(failing).rejects.toMatchObject({ code: 'invalid' });
    expect((await agent('list_running')).processors).toHaveLength(2);
  });

  it('grants an agent no files and no machines but those that it was given', async () => {
    const denied = { code: 'denied', next: expect.any(String) };
    const python = { name: 'own', type: 'python', params: { file: '/etc/passwd' } };
    await expect(agent('add_processor', python)).rejects.toMatchObject(denied);
    const camera = (source: string) =>
      agent('add_processor', { name: 'eye', type: 'camera', params: { source } });
    await expect(camera('/etc/passwd')).rejects.toMatchObject(denied);
    await expect(camera('rtsp://somewhere/stream')).rejects.toMatchObject(denied);
    await expect(camera(join(folder, '..', 'other.mp4'))).rejects.toMatchObject(denied);
    const page = agent('add_processor', {
      name: 'page',
      type: 'display',
      params: { port: 0, host: '0.0.0.0' },
    });
    await expect(page).rejects.toMatchObject(denied);
    const file = agent('add_processor', {
      name: 'save',
      type: 'file',
      params: { path: '/tmp/other/out.mp4' },
    });
    await expect(file).rejects.toMatchObject(denied);
    await expect(agent('save_graph', { folder: '/tmp/other' })).rejects.toMatchObject(denied);
    await expect(
      agent('replace_processor', { name: 'source', type: 'python', params: { file: '/x.py' } }),
    ).rejects.toMatchObject(denied);
  });

  it('opens to this user with the token only', async () => {
    const path = server.address.slice('unix:'.length);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(controlTokenFile(world.runtime.id)).mode & 0o777).toBe(0o600);
    const status = (authorization: string) =>
      new Promise((resolve, reject) => {
        request(
          { socketPath: path, path: '/v1/get_graph', method: 'POST', headers: { authorization } },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        )
          .on('error', reject)
          .end('{}');
      });
    expect(await status('Bearer guess')).toBe(401);
    expect(await status('')).toBe(401);
    const [token] = readFileSync(controlTokenFile(world.runtime.id), 'utf8').split('\n');
    expect(await status(`Bearer ${token}`)).toBe(200);
    await server.close();
    expect(existsSync(path)).toBe(false);
    expect(existsSync(controlTokenFile(world.runtime.id))).toBe(false);
    await expect(user('get_graph')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('tells a program what is wrong with its request: a body cut the connection off before', async () => {
    const socketPath = server.address.slice('unix:'.length);
    const [token] = readFileSync(controlTokenFile(world.runtime.id), 'utf8').split('\n');
    const ask = (path: string, body: string | Buffer, method = 'POST') =>
      new Promise<{ status: number | undefined; error: unknown }>((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` };
        request({ socketPath, path, method, headers }, async (response) => {
          const parts: Buffer[] = [];
          for await (const part of response) parts.push(part);
          const { error } = JSON.parse(Buffer.concat(parts).toString()) as { error: unknown };
          resolve({ status: response.statusCode, error });
        })
          .on('error', reject)
          .end(body);
      });
    expect(await ask('/x', '', 'GET')).toEqual({
      status: 404,
      error: { code: 'not_found', message: 'no such resource: GET /x', next: 'POST to /v1/<operation>.' },
    });
    expect(await ask('/v1/get_graph', '{')).toEqual({
      status: 400,
      error: {
        code: 'invalid',
        message: 'the request body is not valid JSON',
        next: 'Send {"input": {…}}.',
      },
    });
    expect(await ask('/v1/get_graph', Buffer.alloc(5 * 1024 * 1024))).toEqual({
      status: 413,
      error: {
        code: 'invalid',
        message: 'the request body is longer than 4194304 bytes',
        next: 'Send less at once.',
      },
    });
  });

  it('clears away what a runtime left that was killed, and nothing of one that lives', async () => {
    const left = join(dirname(server.address.slice('unix:'.length)), 'runtime-killed0000000.sock');
    // A process that ends without closing its socket leaves the file.
    const listens = `require('node:net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listens]);
    const token = controlTokenFile('killed0000000');
    writeFileSync(token, `x\n${left}\n`, { mode: 0o600 });
    expect(existsSync(left)).toBe(true);
    const other = new Runtime();
    const opened = await ControlServer.open(other, { packages: null, checker: null, sandbox: null });
    expect(existsSync(left)).toBe(false);
    expect(existsSync(token)).toBe(false);
    expect(await user('list_running')).toHaveProperty('processors');
    await opened.close();
  });

  it('a path that is too long for a socket is told, and nothing listens elsewhere', async () => {
    const saved = process.env.XDG_RUNTIME_DIR;
    const deep = join(folder, 'x'.repeat(80));
    mkdirSync(deep, { mode: 0o700 });
    process.env.XDG_RUNTIME_DIR = deep;
    try {
      const services = { packages: null, checker: null, sandbox: null };
      await expect(ControlServer.open(new Runtime(), services)).rejects.toThrow(
        /runtime-\w+\.sock is longer than a socket's path may be \(10\d bytes\); set XDG_RUNTIME_DIR/,
      );
      expect(
        readdirSync(deep, { recursive: true }).filter((name) => String(name).includes('runtime-')),
      ).toEqual([]);
    } finally {
      if (saved === undefined) delete process.env.XDG_RUNTIME_DIR;
      else process.env.XDG_RUNTIME_DIR = saved;
    }
  });
});
