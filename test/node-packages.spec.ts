// Packages of node types as others write them, one of npm and one of Python: packed, installed outside of the checkout, and used.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from './harness/processes.js';
import { checkout, World } from './harness/world.js';

const DOWNLOAD_MS = 240_000;
const tools = process.env.STREAMLIB_TOOLS ?? join(checkout, '.streamlib', 'tools');
const fixtures = join(checkout, 'test/fixtures');

let world: World;
/** Where a user works. */
let clean: string;
let env: NodeJS.ProcessEnv;

async function ran(cwd: string, command: string, ...args: string[]) {
  const program = new Program(command, args, env, cwd);
  const code = await program.exited;
  return { code, lines: program.lines, report: program.report() };
}

async function must(cwd: string, command: string, ...args: string[]): Promise<readonly string[]> {
  const { code, lines, report } = await ran(cwd, command, ...args);
  expect(code, report).toBe(0);
  return lines;
}

const streamlib = (...args: string[]) =>
  ran(clean, process.execPath, join(checkout, 'cli/bin/streamlib.js'), ...args);

async function told(...args: string[]): Promise<Record<string, unknown>> {
  const { code, lines, report } = await streamlib(...args, '--json');
  expect(code, report).toBe(0);
  return JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
}

beforeAll(async () => {
  world = await World.open('node-packages');
  clean = join(dirname(world.sandbox.home), 'clean');
  const packed = join(dirname(world.sandbox.home), 'packed');
  mkdirSync(clean);
  mkdirSync(packed);
  // A Python environment of its own: what is installed here is nobody else's.
  env = { ...world.sandbox.env, STREAMLIB_VENV: join(world.sandbox.home, 'venv') };

  for (const folder of ['host-bridge', 'processor', 'test/fixtures/node-package'])
    await must(join(checkout, folder), 'npm', 'pack', '--ignore-scripts', '--pack-destination', packed);
  writeFileSync(join(clean, 'package.json'), '{ "name": "of-a-user", "private": true, "type": "module" }\n');
  const tarballs = readdirSync(packed).map((name) => join(packed, name));
  await must(clean, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs);

  writeFileSync(
    join(clean, 'first.py'),
    'import streamlib\n\n@streamlib.processor()\ndef idle(inputs):\n    return {}\n',
  );
  await streamlib('inspect', 'first.py');
  const python = join(world.sandbox.home, 'venv', 'bin', 'python');
  const wheel = await must(clean, python, join(fixtures, 'python-processors', 'make_wheel.py'), packed);
  const uv = join(tools, 'bin', 'uv');
  await must(clean, uv, 'pip', 'install', '--offline', '--no-deps', '--python', python, wheel[0] ?? '');
}, DOWNLOAD_MS);
afterAll(() => world.close());

describe('packages of node types, installed outside of the checkout', () => {
  it('are listed with their ports and parameters, and nothing of them is run', async () => {
    const { types, problems } = await told('types');
    expect(types).toContainEqual(
      expect.objectContaining({
        type: 'summary',
        origin: { kind: 'npm', package: '@acme/ticks', version: '2.1.0' },
        inputs: { video: 'VideoFrame' },
        parameters: ['path'],
      }),
    );
    expect(types).toContainEqual(expect.objectContaining({ type: 'ticks', outputs: null }));
    expect(types).toContainEqual(
      expect.objectContaining({
        type: 'brighten',
        origin: { kind: 'python', package: 'acme-brighten', version: '3.0.1' },
      }),
    );
    expect(types).toContainEqual(expect.objectContaining({ type: 'camera' }));
    expect(problems).toEqual([expect.stringContaining('broken = "nowhere:Thing"')]);
  });

  it('are each shown whole', async () => {
    expect(await told('inspect', 'ticks')).toMatchObject({
      ports: { inputs: [], outputs: [{ name: 'video_1' }] },
      examples: [{ title: 'Three pictures', params: { count: 3 } }],
    });
    expect(await told('inspect', 'brighten')).toMatchObject({
      agents: 'denied',
      ports: { inputs: [{ name: 'video_in' }], outputs: [{ name: 'video_out' }] },
    });
  }, 60_000);

  it('run in one graph', async () => {
    writeFileSync(
      join(clean, 'graph.yaml'),
      `version: v1
nodes:
  - { id: source, node_type: ticks, params: { count: 7, outputs: 2 } }
  - { id: effect, node_type: brighten, params: { by: 50 } }
  - { id: end, node_type: summary, params: { path: summary.json } }
connections:
  - { from: source.video_1, to: effect, delivery: lossless, queue: 4 }
  - { from: effect, to: end, delivery: lossless, queue: 4 }
`,
    );
    const { code, report } = await streamlib('validate', 'graph.yaml');
    expect(code, report).toBe(0);
    expect(await told('run', 'graph.yaml')).toMatchObject({ outcome: 'finished', errors: 0, restarts: 0 });
    expect(JSON.parse(readFileSync(join(clean, 'summary.json'), 'utf8'))).toEqual({ frames: 7, first: 150 });
  }, 120_000);

  it('tell what is wrong with their parameters, as types of StreamLib do', async () => {
    writeFileSync(
      join(clean, 'wrong.yaml'),
      'version: v1\nnodes:\n  - { id: source, node_type: ticks, params: { cuont: 7 } }\n  - { id: two, node_type: tick }\n',
    );
    const { code, lines } = await streamlib('validate', 'wrong.yaml');
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(
      /wrong\.yaml:3:\d+: source: unknown parameter "cuont"; did you mean "count"\?/,
    );
    expect(lines.join('\n')).toMatch(/unknown node type "tick"; did you mean "ticks"\?/);
  }, 60_000);

  it('that are broken keep no other graph from running', async () => {
    const module = join(clean, 'node_modules/@acme/ticks/nodes.js');
    const before = readFileSync(module, 'utf8');
    writeFileSync(module, 'throw new Error("broken inside");\n');
    try {
      const failing = await streamlib('inspect', 'ticks');
      expect(failing.code).toBe(1);
      expect(failing.report).toContain(
        '@acme/ticks 2.1.0 with node types could not be loaded: broken inside',
      );
      expect((await streamlib('inspect', 'camera')).code).toBe(0);
      expect((await told('types')).types).toContainEqual(expect.objectContaining({ type: 'ticks' }));
    } finally {
      writeFileSync(module, before);
      rmSync(join(clean, 'wrong.yaml'), { force: true });
    }
  }, 60_000);
});
