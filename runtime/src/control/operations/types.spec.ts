import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Runtime } from '../../engine/runtime.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { Control } from '../control.js';

let sandbox: Sandbox;
let folder: string;
let control: Control;

/** A project with a package of somebody else's, which leaves a mark when its code runs. */
beforeAll(async () => {
  sandbox = await openSandbox();
  folder = mkdtempSync(join(tmpdir(), 'streamlib-types-'));
  const place = join(folder, 'node_modules', 'foreign');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "dependencies": { "foreign": "1.0.0" } }');
  const types = [{ type: 'far', description: 'Something.', inputs: { in: 'VideoFrame' }, outputs: {} }];
  writeFileSync(
    join(place, 'package.json'),
    JSON.stringify({
      name: 'foreign',
      version: '1.0.0',
      type: 'module',
      streamlib: { nodes: './n.js', types },
    }),
  );
  writeFileSync(join(place, 'n.js'), 'globalThis.foreignRan = true; export const processors = [];');
  const runtime = new Runtime({ name: 'types', baseDir: folder });
  control = new Control(runtime, { packages: null, checker: null, sandbox: null });
}, 120_000);
afterAll(async () => {
  control.close();
  rmSync(folder, { recursive: true, force: true });
  await sandbox.close();
});
afterEach(() => void Reflect.deleteProperty(globalThis, 'foreignRan'));

const call = (name: string, input: object) =>
  control.call(name, input, { origin: 'agent', folders: [folder] });

describe('the types of a package of somebody else’s', () => {
  it('are listed to an agent as the package describes them, and nothing of it is run', async () => {
    const { processors } = await call('list_processors', {});
    expect(processors).toContainEqual({
      type: 'far',
      description: 'Something.',
      ports: { inputs: [{ name: 'in', schema: 'VideoFrame' }], outputs: [] },
      parameters: null,
      origin: { kind: 'npm', package: 'foreign', version: '1.0.0' },
    });
    expect(Reflect.has(globalThis, 'foreignRan')).toBe(false);
  });

  it('are loaded when one is named, and what is wrong is told', async () => {
    await expect(call('describe_node_type', { type: 'far' })).rejects.toThrow(
      'says that it has the node type far, but has not',
    );
    expect(Reflect.has(globalThis, 'foreignRan')).toBe(true);
  });

  it('that there are not are told with what there is', async () => {
    await expect(call('describe_node_type', { type: 'nowhere' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('unknown node type "nowhere"'),
      next: expect.stringContaining('list_processors'),
    });
  });
});
