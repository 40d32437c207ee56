import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkout, World } from '../harness/world.js';
import { Agent } from './agent.js';
import { boxOf, decodePng } from './png.js';

const clip = join(checkout, 'examples/agent/face.mp4');
const detector = readFileSync(join(checkout, 'examples/agent/detector.py'), 'utf8');
const GREEN = [80, 255, 120] as const;

let world: World;
let folder: string;
let agent: Agent | null = null;

beforeAll(async () => {
  world = await World.open('story');
  // OpenCV, as somebody who runs the example has it. How an agent gets a package by itself is told in packages.spec.ts.
  const example = world.streamlib('packages', 'add', 'opencv-python-headless>=4.10,<5');
  expect(await example.exited, example.report()).toBe(0);
}, 120_000);
afterAll(() => world.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-agent-'));
});
afterEach(async () => {
  await agent?.close();
  agent = null;
  rmSync(folder, { recursive: true, force: true });
});

const allowed = () => ['--allow', folder, '--allow', join(checkout, 'examples/agent')];

async function overStdio(...more: string[]): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(checkout, 'cli/bin/streamlib.js'), 'mcp', ...allowed(), ...more],
    env: Object.fromEntries(Object.entries(world.sandbox.env).filter(([, v]) => v !== undefined)) as Record<
      string,
      string
    >,
    stderr: 'ignore',
  });
  return Agent.connect(transport);
}

async function overHttp(...more: string[]): Promise<Agent> {
  const server = world.streamlib('mcp', '--http', '--port', '0', ...allowed(), ...more);
  const url = await server.line((line) => (line.startsWith('http://') ? line : undefined));
  const token = readFileSync(join(world.sandbox.home, 'mcp.token'), 'utf8').trim();
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  return Agent.connect(transport as Parameters<typeof Agent.connect>[0]);
}

/** Looks until a face is boxed: it is not found in every frame. */
async function boxedFace(who: Agent, port: string) {
  for (let look = 0; look < 10; look++) {
    const { picture, data } = await who.must('snapshot', { port });
    if (picture === null) throw new Error('no picture');
    const decoded = decodePng(picture);
    expect(data).toMatchObject({ width: decoded.width, height: decoded.height, format: 'rgb8' });
    expect(data).not.toHaveProperty('png_base64');
    const box = boxOf(decoded, GREEN);
    if (box !== null) return { box, decoded };
  }
  throw new Error('no face was boxed in ten pictures');
}

describe.each([
  ['stdio', overStdio],
  ['Streamable HTTP', overHttp],
])('an agent that never saw the project, over %s', (_name, connect) => {
  it('builds a graph that boxes the face in a clip', async () => {
    agent = await connect();
    // It looks round.
    expect(agent.client.getInstructions()).toMatch(/list_processors/);
    const { resources } = await agent.client.listResources();
    const guide = resources.find(({ uri }) => uri.endsWith('writing-processors.md'));
    const read = await agent.client.readResource({ uri: guide?.uri ?? '' });
    expect(JSON.stringify(read)).toContain('@streamlib.processor');
    const { data: types } = await agent.must('list_processors');
    expect((types.processors as { type: string }[]).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['camera', 'display', 'python']),
    );
    expect((await agent.must('list_supported_languages')).text).toContain('python');
    expect((await agent.must('get_graph')).data).toMatchObject({ processors: [], connections: [] });

    // It makes mistakes, and is told what to do.
    const outside = await agent.call('add_processor', {
      name: 'camera',
      type: 'camera',
      params: { source: '/etc/passwd' },
    });
    expect(outside.error).toMatchObject({ code: 'denied', next: expect.stringContaining(folder) });
    const broken = await agent.call('add_processor', {
      name: 'detector',
      code: detector.replace('class FaceDetector:', 'class FaceDetector'),
    });
    expect(broken.error).toMatchObject({ code: 'code', message: expect.stringContaining("expected ':'") });
    expect(broken.text).toMatch(/Next: /);

    // It builds.
    await agent.must('add_processor', { name: 'camera', type: 'camera', params: { source: clip } });
    const plain = await agent.must('snapshot', { port: 'camera.video', max_width: 320 });
    expect(plain.data).toMatchObject({ width: 320, height: 240, frame_width: 640 });
    const wrong = detector.replace('(80, 255, 120)', '(255, 0, 255)');
    await agent.must('add_processor', {
      name: 'detector',
      code: wrong,
      connections: [{ from_processor: 'camera', to_processor: 'detector' }],
    });
    await agent.must('add_processor', { name: 'page', type: 'display', params: { port: 0 } });
    await agent.must('connect_processors', {
      from_processor: 'detector',
      from_port: 'video_out',
      to_processor: 'page',
    });

    // It looks, is not pleased with the colour, and corrects itself.
    const first = await agent.must('snapshot', { port: 'detector.video_out' });
    expect(boxOf(decodePng(first.picture ?? Buffer.alloc(0)), GREEN)).toBeNull();
    await agent.must('replace_processor', { name: 'detector', code: detector });
    const { box, decoded } = await boxedFace(agent, 'detector.video_out');
    expect(box.width).toBeGreaterThanOrEqual(80);
    expect(box.height).toBeGreaterThanOrEqual(80);
    // A box, not a filled square: its line is a few pixels wide.
    expect(box.pixels).toBeLessThan((box.width + box.height) * 2 * 6);
    expect(decoded.at(box.x + (box.width >> 1), box.y + (box.height >> 1))).not.toEqual(GREEN);
    const { data: tapped } = await agent.must('tap', { port: 'detector.faces', count: 5 });
    const faces = (tapped.messages as { detections: { label: string; width: number }[] }[]).flatMap(
      ({ detections }) => detections,
    );
    expect(faces.length).toBeGreaterThan(0);
    expect(faces[0]).toMatchObject({ label: 'face' });

    // It looks after what it has made.
    const { data: metrics } = await agent.must('get_metrics', { processor: 'detector' });
    expect(metrics.processors).toMatchObject({ detector: { state: 'running', restarts: 0, errors: 0 } });
    expect((await agent.must('get_logs', { processor: 'detector' })).data.lines).not.toHaveLength(0);
    const { data: saved } = await agent.must('save_graph', { folder: join(folder, 'faces') });
    expect(readFileSync(join(folder, 'faces', 'detector.py'), 'utf8')).toBe(detector);
    await agent.must('remove_processor', { name: 'page' });
    expect((await agent.must('get_graph')).data.connections).toHaveLength(1);
    await agent.close();
    agent = null;

    // What it saved runs without it.
    const run = world.streamlib(
      'run',
      String(saved.manifest),
      '--duration',
      '3s',
      '--json',
      '--set',
      'page.port=0',
    );
    expect(await run.exited, run.report()).toBe(0);
    expect(run.lines, run.report()).toHaveLength(1);
    expect(JSON.parse(run.lines[0] ?? '')).toMatchObject({ errors: 0, restarts: 0 });
  }, 180_000);
});

describe('an agent at a graph that runs', () => {
  it('changes it, and no frame is lost on the branches that it does not touch', async () => {
    const output = join(folder, 'untouched.mp4');
    const manifest = join(checkout, 'test/fixtures/agents/branch.yaml');
    const run = world.streamlib('run', manifest, '--json', '--set', `save.path=${output}`);
    await run.error((line) => (line.includes('[counter] ready') ? true : undefined), 60_000);
    agent = await overStdio('--runtime', 'branch');
    const { data: before } = await agent.must('get_graph');
    expect((before.processors as { name: string }[]).map(({ name }) => name)).toEqual(['counter', 'save']);

    await agent.must('add_processor', {
      name: 'detector',
      code: detector,
      connections: [{ from_processor: 'counter', to_processor: 'detector' }],
    });
    await agent.must('snapshot', { port: 'detector.video_out' });
    await agent.must('replace_processor', { name: 'detector', code: detector.replace('1.2, 5', '1.3, 4') });
    await agent.must('snapshot', { port: 'detector.video_out' });
    await agent.must('remove_processor', { name: 'detector' });

    // The whole story, beside what runs.
    await agent.must('add_processor', { name: 'camera', type: 'camera', params: { source: clip } });
    await agent.must('add_processor', { name: 'detector', code: detector });
    await agent.must('connect_processors', { from_processor: 'camera', to_processor: 'detector' });
    await agent.must('add_processor', { name: 'page', type: 'display', params: { port: 0 } });
    await agent.must('connect_processors', {
      from_processor: 'detector',
      from_port: 'video_out',
      to_processor: 'page',
    });
    const { box } = await boxedFace(agent, 'detector.video_out');
    expect(box.width).toBeGreaterThanOrEqual(80);
    await agent.must('replace_processor', { name: 'detector', code: detector.replace('1.2, 5', '1.3, 4') });
    await agent.must('disconnect_processors', { from_processor: 'detector', to_processor: 'page' });
    for (const name of ['page', 'detector', 'camera']) await agent.must('remove_processor', { name });
    await agent.must('tap', { port: 'counter.video', count: 5 });
    await agent.close();
    agent = null;

    run.kill('SIGINT');
    expect(await run.exited, run.report()).toBe(0);
    expect(run.lines, run.report()).toHaveLength(1);
    const { nodes } = JSON.parse(run.lines[0] ?? '') as {
      nodes: Record<string, { frames_in: number; frames_out: number; dropped: number }>;
    };
    // Its source waits for nobody, so what the branch had not taken in time would be dropped and counted.
    expect(nodes.save?.dropped).toBe(0);
    expect(nodes.counter?.dropped).toBe(0);
    expect(nodes.save?.frames_in).toBe(nodes.counter?.frames_out);
    expect(nodes.save?.frames_in).toBeGreaterThan(30);
    expect(existsSync(output)).toBe(true);
  }, 180_000);
});
