import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Program } from '../harness/processes.js';
import { checkout, World } from '../harness/world.js';
import { Agent } from './agent.js';
import { decodePng } from './png.js';

let world: World;
let folder: string;
let run: Program | null = null;

beforeAll(async () => {
  world = await World.open('commands');
});
afterAll(() => world.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-commands-'));
});
afterEach(async () => {
  run?.kill('SIGINT');
  await run?.exited;
  run = null;
  rmSync(folder, { recursive: true, force: true });
});

const fills = (value: number) => `import numpy as np
import streamlib
from streamlib import VideoFrame
from shade import SHADE


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def fill(inputs, ctx):
    shape = inputs["video_in"].to_numpy().shape
    return {"video_out": VideoFrame.from_numpy(np.full(shape, ${value} + SHADE + ctx.config.get("more", 0), np.uint8))}
`;

function files(value: number): { graph: string; code: string; shade: string } {
  const [graph, code, shade] = ['graph.yaml', 'fill.py', 'shade.py'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(code, fills(value));
  writeFileSync(shade, 'SHADE = 0\n');
  writeFileSync(graph, manifest(''));
  return { graph, code, shade };
}

const manifest = (config: string) => `version: v1
metadata: { name: commands }
nodes:
  - { id: camera, node_type: camera, params: { width: 64, height: 32 } }
  - { id: fill, node_type: python, params: { file: fill.py${config} } }
connections:
  - { from: camera, to: fill }
`;

async function must(...args: string[]): Promise<Program> {
  const program = world.streamlib(...args);
  expect(await program.exited, program.report()).toBe(0);
  return program;
}

/** What the frames at a port are filled with, once it is what is waited for. */
async function shows(port: string, wanted: number): Promise<void> {
  const file = join(folder, 'look.png');
  await expect
    .poll(
      async () => {
        await must('snapshot', port, '-o', file);
        return decodePng(readFileSync(file)).at(3, 3)[0];
      },
      { timeout: 30_000, interval: 50 },
    )
    .toBe(wanted);
}

describe('commands that act on a graph that runs', () => {
  it('change it and look at it', async () => {
    const { graph } = files(10);
    run = world.streamlib('run', graph);
    await run.error((line) => (line.includes('[fill] ready') ? true : undefined), 60_000);

    const shown = await must('graph');
    expect(shown.lines.join('\n')).toMatch(/camera\s+camera\s+running\s+-\s+video/);
    expect(shown.lines.at(-1)).toBe('camera.video → fill.video_in  latest');
    await shows('fill', 10);

    writeFileSync(join(folder, 'other.py'), fills(50));
    await must('add', 'other', join(folder, 'other.py'), '--from', 'camera', '--set', 'config.more=3');
    await shows('other.video_out', 53);
    await must('replace', 'other', '--set', 'config.more=4');
    await shows('other.video_out', 54);
    await must('replace', 'fill', join(folder, 'other.py'));
    await shows('fill', 50);
    await must('disconnect', 'camera.video', 'other');
    await must('connect', 'fill', 'other.video_in', '--delivery', 'every_sample');

    const tapped = await must('tap', 'other.video_out', '-n', '3');
    const messages = tapped.lines.map((line) => JSON.parse(line) as { frame_number: number });
    expect(messages).toHaveLength(3);
    expect(messages[1]?.frame_number).toBeGreaterThan(messages[0]?.frame_number ?? 0);

    await must('remove', 'other');
    const left = await world.json<{ processors: { name: string }[]; connections: object[] }>('graph');
    expect(left?.processors.map(({ name }) => name)).toEqual(['camera', 'fill']);
    expect(left?.connections).toHaveLength(1);

    const wrong = world.streamlib('connect', 'camera', 'fil');
    expect(await wrong.exited).toBe(1);
    expect(wrong.errors.join('\n')).toMatch(/did you mean "fill"\?\nLook at `streamlib graph`/);
    const nobody = world.streamlib('graph', '--runtime', 'nobody');
    expect(await nobody.exited).toBe(1);
    expect(nobody.errors.join('\n')).toMatch(/no runtime "nobody"; these are running:\n {4}\w+ {2}commands/);
  }, 120_000);
});

describe('streamlib doctor', () => {
  const settings = () => join(world.sandbox.home, 'streamlib.yaml');
  const sandbox = async () => {
    // It fails where it finds a trouble, a broker that does not run, say; the sandbox is told all the same.
    const doctor = world.streamlib('doctor', '--json');
    await doctor.exited;
    return (JSON.parse(doctor.lines.join('\n')) as { sandbox: Record<string, unknown> }).sandbox;
  };

  it('names the sandbox for code from outside, or says why there is none', async () => {
    mkdirSync(world.sandbox.home, { recursive: true, mode: 0o700 });
    expect(await sandbox()).toMatchObject({
      available: true,
      mechanism: expect.stringMatching(/^(?:landlock|bubblewrap)\+seccomp$/),
      detail: expect.stringContaining('no network'),
    });
    writeFileSync(settings(), 'sandbox: { mechanism: seatbelt }\n');
    expect(await sandbox()).toMatchObject({
      available: false,
      mechanism: 'none',
      detail: expect.stringMatching(/there is no seatbelt on linux; code from outside is refused/),
    });
    const told = world.streamlib('doctor');
    await told.exited;
    expect(told.lines.join('\n')).toContain('sandbox for code from outside: none');

    // An agent is told the same.
    const agent = await Agent.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [join(checkout, 'cli/bin/streamlib.js'), 'mcp', '--allow', folder],
        env: Object.fromEntries(
          Object.entries(world.sandbox.env).filter(
            (entry): entry is [string, string] => entry[1] !== undefined,
          ),
        ),
        stderr: 'ignore',
      }),
    );
    const refused = await agent.call('add_processor', { name: 'fill', code: fills(1) });
    await agent.close();
    rmSync(settings());
    expect(refused.error).toMatchObject({
      code: 'denied',
      message: expect.stringContaining('no sandbox can be had'),
      next: expect.stringContaining('streamlib doctor'),
    });
  }, 60_000);
});

describe('streamlib dev', () => {
  it('replaces what changes, keeps what works, and follows the manifest', async () => {
    const { graph, code, shade } = files(20);
    run = world.streamlib('dev', graph);
    await run.error((line) => (line.includes('Watching its files') ? true : undefined), 60_000);
    await shows('fill', 20);

    writeFileSync(code, fills(30));
    await run.error((line) => (line.startsWith('fill was replaced') ? true : undefined));
    await shows('fill', 30);

    const said = run.errors.length;
    writeFileSync(code, 'this is no Python\n');
    await run.error((line) => (line.includes('SyntaxError') ? true : undefined), 20_000, said);
    await shows('fill', 30);

    // A module that it imports counts, too.
    writeFileSync(code, fills(30));
    writeFileSync(shade, 'SHADE = 5\n');
    await shows('fill', 35);

    writeFileSync(graph, manifest(', config: { more: 100 }'));
    await shows('fill', 135);
    writeFileSync(
      graph,
      `${manifest(', config: { more: 100 }').replace('connections:', '  - { id: again, node_type: python, params: { file: fill.py } }\nconnections:')}  - { from: fill, to: again }\n`,
    );
    await run.error((line) => (line.includes('[again] ready') ? true : undefined));
    await shows('again.video_out', 35);
  }, 120_000);
});
