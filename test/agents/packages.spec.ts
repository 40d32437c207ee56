import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, World } from '../harness/world.js';
import { Agent } from './agent.js';
import { allowShapes } from './shelf.js';

let world: World;
let folder: string;
let agent: Agent;

beforeAll(async () => {
  world = await World.open('negotiation');
  folder = mkdtempSync(join(tmpdir(), 'streamlib-agent-'));
  allowShapes(world, folder);
  const env = Object.entries(world.sandbox.env).filter(([, value]) => value !== undefined);
  agent = await Agent.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [join(checkout, 'cli/bin/streamlib.js'), 'mcp', '--allow', folder],
      env: Object.fromEntries(env) as Record<string, string>,
      stderr: 'ignore',
    }),
  );
}, 120_000);
afterAll(async () => {
  await agent?.close();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

const code = `import shapes
import streamlib
from streamlib import VideoFrame


@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})
def shape(inputs, ctx):
    ctx.log.info("shapes %s", shapes.__version__)
    return {"video_out": inputs["video_in"]}
`;

describe('an agent whose code needs a package', () => {
  it('is told which, asks for it, and gets it while the graph runs', async () => {
    await agent.must('add_processor', { name: 'camera', type: 'camera', params: { width: 64, height: 48 } });
    await agent.must('add_processor', {
      name: 'before',
      code: code.replace('import shapes\n', '').replace(', shapes.__version__', ', 0'),
      connections: [{ from_processor: 'camera', to_processor: 'before' }],
    });
    const shape = { name: 'shape', code, connections: [{ from_processor: 'camera', to_processor: 'shape' }] };
    const lacking = await agent.call('add_processor', shape);
    expect(lacking.error).toMatchObject({
      code: 'code',
      next: expect.stringContaining('request_package'),
      details: { problems: [{ kind: 'missing_packages', packages: ['shapes'] }] },
    });

    const refused = await agent.must('request_package', { package: 'requests', reason: 'to call home' });
    expect(refused.data).toMatchObject({ status: expect.stringMatching(/denied|pending/) });

    const { data: asked } = await agent.must('request_package', {
      package: 'shapes',
      reason: 'the code draws shapes',
    });
    let { data } = await agent.must('get_package_status', { package: String(asked.id) });
    const deadline = performance.now() + 60_000;
    while (['approved', 'installing'].includes(String(data.status)) && performance.now() < deadline)
      ({ data } = await agent.must('get_package_status', { package: 'shapes' }));
    expect(data, String(data.detail)).toMatchObject({ status: 'installed', installedVersion: '2.0' });

    await agent.must('add_processor', shape);
    await agent.must('tap', { port: 'shape.video_out', count: 2 });
    const { data: logs } = await agent.must('get_logs', { processor: 'shape' });
    expect(JSON.stringify(logs.lines)).toContain('shapes 2.0');
    // What ran before goes on as it was.
    const { data: running } = await agent.must('list_running');
    expect(running.processors).toContainEqual(
      expect.objectContaining({ name: 'before', state: 'running', restarts: 0, errors: 0 }),
    );
    const listed = await agent.must('list_python_packages', { filter: 'shapes' });
    expect(listed.data).toMatchObject({
      strategy: 'AllowList',
      packages: [{ name: 'shapes', version: '2.0' }],
    });
  }, 180_000);
});
