import { copyFileSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { Control, openServices, operations, PYTHON_EXAMPLES, Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openSandbox, type Sandbox } from '../../runtime/src/testing/sandbox.js';
import { makeMcpServer } from './server.js';
import { ERROR_META, toldOutput } from './tools.js';

let sandbox: Sandbox;
let folder: string;
let runtime: Runtime;
let control: Control;
let client: Client;

beforeAll(async () => {
  sandbox = await openSandbox();
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'streamlib-tools-')));
  runtime = new Runtime({ name: 'tools', live: true });
  control = new Control(runtime, await openServices());
  await runtime.start();
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await makeMcpServer(control, { folders: [folder] }).connect(ours);
  client = new Client({ name: 'test', version: '1' });
  await client.connect(theirs);
}, 120_000);
afterAll(async () => {
  await client.close();
  await runtime.stop();
  control.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const [filter] = PYTHON_EXAMPLES;
const link = { from_processor: 'camera', from_port: 'video', to_processor: 'effect', to_port: 'video_in' };

/** Each tool at least once, in an order in which each finds what it needs. */
const CALLS: readonly (readonly [tool: string, input: Record<string, unknown>])[] = [
  ['list_processors', {}],
  ['describe_node_type', { type: 'camera' }],
  ['list_supported_languages', {}],
  ['list_python_packages', { filter: 'numpy' }],
  ['request_package', { package: 'a-package-for-a-test', version: '>=1', reason: 'a test asks' }],
  ['get_package_status', { package: 'a-package-for-a-test' }],
  ['check_code', { code: filter.code, name: 'effect' }],
  ['add_processor', { name: 'camera', type: 'camera', params: { width: 320, height: 240 } }],
  ['add_processor', { name: 'effect', code: filter.code, config: { strength: 1 } }],
  ['connect_processors', link],
  ['snapshot', { port: 'effect.video_out', max_width: 160 }],
  ['tap', { port: 'effect.video_out', count: 2 }],
  ['replace_processor', { name: 'effect', config: { strength: 2 } }],
  ['list_running', {}],
  ['get_graph', { code: true }],
  ['get_metrics', {}],
  ['get_logs', { level: 'info', lines: 10 }],
  ['save_graph', { folder: 'saved' }],
  ['disconnect_processors', link],
  ['remove_processor', { name: 'effect' }],
];

describe('the tools', () => {
  it('are the operations of a runtime, each with what it takes and gives', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(operations.map(({ name }) => name));
    for (const tool of tools) {
      expect(tool.description?.length, tool.name).toBeGreaterThan(40);
      expect(tool.inputSchema.type, tool.name).toBe('object');
      expect(tool.outputSchema?.type, tool.name).toBe('object');
    }
    expect([...new Set(CALLS.map(([tool]) => tool))].sort()).toEqual(tools.map(({ name }) => name).sort());
  });

  it('answer as their schemas say', async () => {
    // From here on the client itself checks each answer against the schema that it was listed with.
    await client.listTools();
    for (const [name, input] of CALLS) {
      const result = await client.callTool({ name, arguments: input }, undefined, { timeout: 120_000 });
      expect(result.isError, `${name}: ${JSON.stringify(result.content)}`).not.toBe(true);
      const operation = operations.find((candidate) => candidate.name === name);
      if (operation === undefined) throw new Error(name);
      // Nothing is told that the schema does not name.
      expect(toldOutput(operation).strict().safeParse(result.structuredContent), name).toMatchObject({
        success: true,
      });
      expect(z.toJSONSchema(operation.input), name).toMatchObject({ type: 'object' });
    }
    expect(CALLS.length).toBeGreaterThanOrEqual(operations.length);
  }, 120_000);

  it('show a picture as a picture', async () => {
    const result = await client.callTool({
      name: 'snapshot',
      arguments: { port: 'camera.video', max_width: 160 },
    });
    const [picture] = result.content as { type: string; mimeType?: string; data?: string }[];
    expect(picture).toMatchObject({ type: 'image', mimeType: 'image/png' });
    expect(Buffer.from(picture?.data ?? '', 'base64').readUInt32BE(16)).toBe(160);
    expect(JSON.stringify(result.structuredContent).length).toBeLessThan(1000);
  });

  it.each([
    ['get_package_status', { package: 'nobody-asked' }, 'not_found', 'request_package'],
    ['snapshot', { port: 'nobody.video' }, 'not_found', 'get_graph'],
    ['remove_processor', { name: 'nobody' }, 'not_found', 'get_graph'],
    ['add_processor', { name: 'x' }, 'invalid', 'list_processors'],
    ['add_processor', { name: 'x', code: 'import torch_of_nobody\n' }, 'code', 'request_package'],
    ['add_processor', { name: 'x', code: 'x = (\n' }, 'code', ''],
    [
      'add_processor',
      { name: 'x', type: 'camera', params: { source: '/etc/shadow' } },
      'denied',
      'Name a file',
    ],
    ['save_graph', { folder: '/tmp/elsewhere-of-nobody' }, 'denied', 'Name a folder'],
    [
      'add_processor',
      { name: 'x', type: 'camera', params: { source: 'nowhere.mp4' } },
      'failed',
      'Correct its parameters',
    ],
    [
      'add_processor',
      { name: 'x', code: 'def process(frame):\n    return frame\n' },
      'code',
      '@streamlib.processor(inputs={"video_in": VideoFrame}',
    ],
    ['get_logs', { processor: 'camra' }, 'not_found', 'get_graph'],
    ['connect_processors', { from_processor: 'camera', to_processor: 'camera' }, 'invalid', 'get_graph'],
  ])('%s %j fails as "%s", and says what to do next', async (name, input, code, next) => {
    const result = await client.callTool({ name, arguments: input }, undefined, { timeout: 60_000 });
    expect(result.isError, JSON.stringify(result.content)).toBe(true);
    expect(result._meta?.[ERROR_META], JSON.stringify(result.content)).toMatchObject({
      code,
      next: expect.stringContaining(next),
    });
    const [text] = result.content as { text: string }[];
    expect(text?.text).toMatch(/\nNext: \S/);
  });

  it('take a relative path for one in the folder that was granted, and for no other', async () => {
    // There is such a file where the runtime was started.
    expect(existsSync('package.json')).toBe(true);
    const refused = await client.callTool({
      name: 'add_processor',
      arguments: { name: 'x', type: 'camera', params: { source: 'package.json' } },
    });
    expect(JSON.stringify(refused.content)).toContain(`there is no file ${join(folder, 'package.json')}`);
    const clip = fileURLToPath(new URL('../../examples/agent/face.mp4', import.meta.url));
    copyFileSync(clip, join(folder, 'clip.mp4'));
    const added = await client.callTool({
      name: 'add_processor',
      arguments: { name: 'clip', type: 'camera', params: { source: 'clip.mp4' } },
    });
    expect(added.isError, JSON.stringify(added.content)).not.toBe(true);
    await client.callTool({ name: 'remove_processor', arguments: { name: 'clip' } });
  });

  it('tell where a page is, and what feeds an input that is taken', async () => {
    const page = await client.callTool({
      name: 'add_processor',
      arguments: {
        name: 'page',
        type: 'display',
        params: { port: 0 },
        connections: [{ from_processor: 'camera', to_processor: 'page' }],
      },
    });
    expect(page.structuredContent).toMatchObject({ next: expect.stringContaining('get_logs of it') });
    const { structuredContent } = await client.callTool({
      name: 'get_logs',
      arguments: { processor: 'page' },
    });
    expect(JSON.stringify(structuredContent)).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    const again = await client.callTool({
      name: 'connect_processors',
      arguments: { from_processor: 'camera', to_processor: 'page' },
    });
    expect(again._meta?.[ERROR_META]).toMatchObject({
      code: 'invalid',
      next: expect.stringContaining('disconnect_processors'),
    });
    await client.callTool({ name: 'remove_processor', arguments: { name: 'page' } });
  });

  it('say in each input what it may have, so that a client can refuse the rest itself', async () => {
    const { tools } = await client.listTools();
    for (const { name, inputSchema } of tools)
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false });
    const snapshot = tools.find(({ name }) => name === 'snapshot')?.inputSchema;
    // What has a default may be left out.
    expect(snapshot).toMatchObject({ required: ['port'], properties: { timeout_s: { default: 5 } } });
  });

  it.each([
    ['snapshot', {}, /^invalid: snapshot: port: .*undefined/, 'It takes: port, max_width, timeout_s.'],
    ['snapshot', { port: 7 }, /port: .*expected string, received number/, 'It takes: port'],
    ['remove_processor', { name: 'no name' }, /name: letters, digits/, 'It takes: name.'],
    [
      'snapshot',
      { port: 'camera.video', timeout_seconds: 2 },
      /no argument "timeout_seconds"; known: /,
      'timeout_s',
    ],
    ['snapshot', { port: 'camera.video', timeout: 2 }, /"timeout"; did you mean "timeout_s"\?/, 'timeout_s'],
    ['get_logs', { name: 'x' }, /no argument "name"; known: processor, level, lines/, 'It takes: processor'],
    ['list_running', { all: true }, /no argument "all"/, 'It takes: nothing.'],
    [
      'add_processor',
      { name: 'x', type: 'camera', connections: [{ from: 'x', from_processor: 'x', to_processor: 'y' }] },
      /connections\.0: there is no argument "from"; known: from_processor, /,
      'It takes: name',
    ],
  ])('%s %j is refused as every failure is told', async (name, input, message, next) => {
    const result = await client.callTool({ name, arguments: input });
    expect(result.isError).toBe(true);
    const [text] = result.content as { text: string }[];
    expect(text?.text).toMatch(message);
    expect(text?.text).toContain('\nNext: ');
    expect(result._meta?.[ERROR_META]).toMatchObject({
      code: 'invalid',
      next: expect.stringContaining(next),
    });
  });

  it('that are unknown are told with the one that was meant', async () => {
    const result = await client.callTool({ name: 'add_procesor', arguments: {} });
    expect(result.isError).toBe(true);
    expect(result._meta?.[ERROR_META]).toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('did you mean "add_processor"'),
    });
  });
});

describe('the resources', () => {
  it('can all be read', async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining([
        'streamlib://docs/writing-processors.md',
        'streamlib://docs/agents.md',
        'streamlib://code/1.py',
        'streamlib://examples/face-detector',
      ]),
    );
    for (const { uri } of resources) {
      const { contents } = await client.readResource({ uri });
      expect((contents[0] as { text: string }).text.length, uri).toBeGreaterThan(100);
    }
  });

  it('have a prompt beside them that begins with a goal', async () => {
    const prompt = await client.getPrompt({ name: 'build_graph', arguments: { goal: 'count cats' } });
    expect(JSON.stringify(prompt.messages)).toContain('count cats');
  });
});
