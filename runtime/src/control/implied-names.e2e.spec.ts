import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { defaultSettings } from '../base/settings/settings.js';
import { PythonChecker } from '../python/check/checker.js';
import { venvPath } from '../python/environment/locate.js';
import { openProcessSandbox } from '../python/sandbox/sandbox.js';
import { collector, type Pattern, pattern } from '../testing/processors.js';
import { openSandbox, type Sandbox } from '../testing/sandbox.js';
import { type Watched, watched } from '../testing/world.js';
import { ControlClient } from './client.js';
import { ControlServer } from './server.js';

/** As an agent writes it that was only told of the decorator. */
const CODE = `"""Inverts pictures."""

@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def invert(inputs):
    return VideoFrame.from_numpy(255 - inputs["video_in"].to_numpy())
`;

let sandbox: Sandbox;
let world: Watched;
let server: ControlServer;
let client: ControlClient;
let source: Pattern;
let folder: string;

beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-names-'));
  world = watched({ live: true });
  source = pattern();
  const checker = new PythonChecker({
    environment: () => Promise.resolve(venvPath()),
    sandbox: (environment) => openProcessSandbox(environment, defaultSettings().sandbox),
  });
  server = await ControlServer.open(world.runtime, {
    packages: null,
    checker,
    sandbox: null,
    allowUnconfined: true,
  });
  client = new ControlClient(world.runtime.id, server.address);
  world.runtime.add('source', source.definition).add('sink', collector('sink').definition);
  await world.runtime.start();
});
afterEach(async () => {
  await world.runtime.stop();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const agent = (name: string, input: object = {}) =>
  client.call(name, input, { origin: 'agent', folders: [folder] });

it('code without an import of streamlib is checked, tried, run, replaced and saved with the import', async () => {
  expect(await agent('check_code', { name: 'effect', code: CODE })).toMatchObject({
    ok: true,
    problems: [],
    dry_run: { outputs: { video_out: '640x480 rgb8' } },
  });
  const added = await agent('add_processor', {
    name: 'effect',
    code: CODE,
    connections: [
      { from_processor: 'source', to_processor: 'effect' },
      { from_processor: 'effect', to_processor: 'sink' },
    ],
  });
  expect(added).toMatchObject({ state: 'running' });
  let n = 0;
  const timer = setInterval(() => source.send(n++), 5);
  try {
    expect(await agent('snapshot', { port: 'effect.video_out' })).toMatchObject({ format: 'rgb8' });
  } finally {
    clearInterval(timer);
  }
  const code = CODE.replace('255 - ', '').replace('VideoFrame.from', 'VideoFrame .from');
  await agent('replace_processor', { name: 'effect', code });
  await agent('save_graph', { folder: join(folder, 'saved') });
  const saved = readFileSync(join(folder, 'saved', 'effect.py'), 'utf8').split('\n');
  expect(saved.slice(0, 5)).toEqual([
    '"""Inverts pictures."""',
    '',
    'import streamlib',
    'from streamlib import VideoFrame',
    '',
  ]);
  expect(saved.slice(5).join('\n')).toBe(code.split('\n').slice(2).join('\n'));

  const wrong = agent('add_processor', { name: 'other', code: CODE.replace('255', 'VidoFrame') });
  await expect(wrong).rejects.toMatchObject({
    message: expect.stringMatching(/line 5: .*NameError.*VidoFrame/),
  });
}, 60_000);
