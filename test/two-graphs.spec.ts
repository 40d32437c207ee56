// Two graphs of one user that want other versions of the same package.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkout, World } from './harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('two-graphs');
});
afterEach(() => world.close());

function graph(name: string, version: string): string {
  const path = join(dirname(world.sandbox.home), `${name}.yaml`);
  writeFileSync(
    path,
    `version: v1
metadata: { name: ${name} }
nodes:
  - { id: camera, node_type: camera, params: { source: test-pattern, width: 64, height: 48 } }
  - id: effect
    node_type: python
    params: { file: ${join(checkout, 'test/fixtures/tells_version.py')}, requirements: ["iniconfig==${version}"] }
connections:
  - { from: camera, to: effect }
`,
  );
  return path;
}

const said = (version: string) => (line: string) =>
  line.includes(`on disk ${version} at`) ? line : undefined;

it('G3: looking at one changes nothing for the other, while it runs and when it is started again', async () => {
  const a = graph('a', '2.0.0');
  const running = world.streamlib('run', a);
  const before = await running.error(said('2.0.0'), 60_000);
  const looked = world.streamlib('validate', graph('b', '2.1.0'));
  expect(await looked.exited, looked.report()).toBe(0);
  const seen = running.errors.length;
  await running.error(said('2.0.0'), 20_000, seen);
  expect(running.errors.slice(seen).filter((line) => line.includes('on disk 2.1.0'))).toEqual([]);
  running.kill('SIGINT');
  expect(await running.exited).toBe(0);

  const again = world.streamlib('run', a);
  const after = await again.error(said('2.0.0'), 30_000);
  expect(after.split(' at ').at(-1)).toBe(before.split(' at ').at(-1));
  again.kill('SIGINT');
  expect(await again.exited).toBe(0);

  const listed = await world.json<{ environments: { requirements: string[]; size_bytes: number }[] }>(
    'packages',
    'environments',
  );
  const named = (listed?.environments ?? []).map(({ requirements }) => requirements.join());
  expect(named.sort()).toEqual(['iniconfig==2.0.0', 'iniconfig==2.1.0']);
  expect(listed?.environments.every(({ size_bytes }) => size_bytes > 0)).toBe(true);
}, 180_000);
