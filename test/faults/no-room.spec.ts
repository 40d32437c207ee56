import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('no-room');
});
afterEach(() => world.close());

// A file where a folder should be fails as a full disk does, and needs no disk. The matrix has the disk that is full.
describe('a state directory that cannot be written', () => {
  it('is told in one sentence when the broker is to start, which then starts when it can', async () => {
    mkdirSync(dirname(world.sandbox.home), { recursive: true });
    writeFileSync(world.sandbox.home, '');
    const start = world.streamlib('broker', 'start');
    expect(await start.exited).toBe(1);
    const told = start.errors.filter((line) => line.startsWith('error: '));
    expect(told).toEqual([expect.stringMatching(/state directory cannot be made.*home.*make room/)]);
    expect(start.errors.join('\n')).not.toMatch(/\n\s+at /);
    rmSync(world.sandbox.home);
    expect(await world.streamlib('broker', 'start').exited).toBe(0);
  });

  it('keeps no graph from running because what its file declares cannot be remembered', async () => {
    mkdirSync(world.sandbox.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(world.sandbox.home, 'cache'), '');
    const graph = world.graph('invert.py');
    expect(await graph.event('frames', 60_000)).toMatchObject({ wrong: 0, gaps: 0 });
    graph.kill('SIGTERM');
    expect(await graph.exited).toBe(0);
  });
});
