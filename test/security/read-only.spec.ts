import { afterEach, beforeEach, expect, it } from 'vitest';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('read-only');
});
afterEach(() => world.close());

it('a consumer cannot write into a frame, whatever it asks of the kernel', async () => {
  const graph = world.graph('scribbles.py');
  const told = await graph.line((line) => {
    const message = line.includes('OUTCOMES ')
      ? (JSON.parse(line) as { message: string }).message
      : undefined;
    return message?.slice('OUTCOMES '.length);
  });
  const outcomes = JSON.parse(told) as Record<string, unknown>;
  expect(outcomes.segments).toBeGreaterThan(0);
  expect(outcomes).toMatchObject({
    assign: 'ValueError',
    'set the flag': 'ValueError',
    mprotect: 'Permission denied',
    'map again': ['Operation not permitted'],
    write: ['Operation not permitted'],
    truncate: ['Operation not permitted'],
  });
  expect(await graph.event('frames')).toMatchObject({ wrong: 0, gaps: 0 });
});
