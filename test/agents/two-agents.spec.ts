import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskState } from '@a2a-js/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../harness/world.js';
import { clientOf, Painter, pictureOf, send } from './painter.js';
import { decodePng } from './png.js';
import { allowShapes } from './shelf.js';

const EFFECT = `import numpy as np
import shapes
import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def paint(inputs):
    pixels = np.full_like(inputs["video_in"].to_numpy(), 10)
    pixels[8:16, 8:16] = (int(float(shapes.__version__)), 100, 200)
    return {"video_out": VideoFrame.from_numpy(pixels)}
`;

let world: World;
let folder: string;
let painter: Painter;

beforeAll(async () => {
  world = await World.open('two-agents');
  folder = mkdtempSync(join(tmpdir(), 'streamlib-two-agents-'));
  allowShapes(world, folder);
  const server = world.streamlib('mcp', '--http', '--port', '0', '--allow', folder);
  const url = await server.line((line) => (line.startsWith('http://') ? line : undefined), 60_000);
  const token = readFileSync(join(world.sandbox.home, 'mcp.token'), 'utf8').trim();
  const authorized: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
  painter = new Painter(await clientOf(new URL(url).origin, authorized), EFFECT);
}, 120_000);
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('two agents, of which one was asked in words', () => {
  it('talk: languages, packages, request, packages, add, connect, look', async () => {
    const person = await clientOf(painter.origin, painter.fetch);
    const task = await send(person, { $case: 'text', value: 'a small square, please' });
    expect(painter.said).toEqual([
      'list_supported_languages',
      'list_python_packages',
      'request_package',
      'list_python_packages',
      'add_processor',
      'add_processor',
      'connect_processors',
      'snapshot',
    ]);
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    const picture = decodePng(pictureOf(task) ?? Buffer.alloc(0));
    expect(picture).toMatchObject({ width: 64, height: 48 });
    expect(picture.at(12, 12)).toEqual([2, 100, 200]);
    expect(picture.at(30, 30)).toEqual([10, 10, 10]);
  }, 120_000);
});
