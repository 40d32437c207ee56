// Programs of one's own end by themselves: on each Node that people have, also the versions this checkout does not run on.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_MAJORS, nodeProgram, whyNotTried } from '../scripts/lib/node-versions.js';
import { checkout, programPath, World } from './harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('node');
});
afterEach(() => world.close());

const KINDS = ['camera', 'display', 'python', 'several', 'worker'];

describe.each(NODE_MAJORS)('G1: on Node %i', (major) => {
  const node = nodeProgram(major);
  const name = (kind: string) =>
    `a program with ${kind} ends with 0${node === null ? ` (${whyNotTried(major)})` : ''}`;

  it.skipIf(node === null).each(KINDS.map((kind) => [name(kind), kind]))('%s', async (_name, kind) => {
    const args = [programPath('test/fixtures/ends-by-itself.ts'), kind];
    const program = world.with(node ?? '', [...args, join(checkout, 'test/fixtures/invert.py')]);
    const code = await program.exited;
    expect({ code, last: program.lines.at(-1) }, program.report()).toEqual({ code: 0, last: 'ended' });
  });
});
