/**
 * An agent without a model: it does over MCP, step by step, what a model would. It builds camera → face detector → display from
 * nothing, looks at the picture that comes out, corrects itself, and saves what it has built.
 *
 *   npx tsx examples/agent/agent.ts [--port 8080] [--out FOLDER]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    out: { type: 'string' },
    seconds: { type: 'string', default: '0' },
  },
});
const out = resolve(values.out ?? '.');

// The checkout's own command, whose packages and approvals are those of `.streamlib/bin/streamlib packages`.
const command = join(here, '../../.streamlib/bin/streamlib');
const server = existsSync(command)
  ? { command, args: [] }
  : { command: process.execPath, args: [join(here, '../../cli/bin/streamlib.js')] };

const client = new Client({ name: 'scripted-agent', version: '1' });
await client.connect(
  new StdioClientTransport({
    command: server.command,
    args: [...server.args, 'mcp', '--allow', out, '--allow', here],
    env: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    stderr: 'ignore',
  }),
);

/** What the tools that are called here answer with, as far as it is read. */
interface Answers {
  list_processors: { processors: { type: string }[]; examples: unknown[] };
  add_processor: { state: string; ready_ms: number };
  replace_processor: { ready_ms: number };
  request_package: Package;
  get_package_status: Package;
  tap: { messages: { detections: unknown[] }[] };
  snapshot: unknown;
  save_graph: { next: string };
  get_logs: { lines: { message: string }[] };
}

interface Package {
  readonly id: string;
  readonly status: string;
  readonly detail: string;
  /** What to do now. */
  readonly next: string;
}

/** What the server says is wrong. */
class ToolError extends Error {
  constructor(
    message: string,
    /** Packages that the code would need. */
    readonly missing: readonly string[],
  ) {
    super(message);
  }
}

interface Failure {
  readonly details?: { readonly problems?: readonly { readonly packages?: readonly string[] }[] };
}

/** Calls a tool and tells what came of it. Throws what the server says is wrong, with its advice. */
async function call<Name extends keyof Answers>(name: Name, input: Record<string, unknown> = {}) {
  const result = CallToolResultSchema.parse(
    await client.callTool({ name, arguments: input }, undefined, { timeout: 300_000 }),
  );
  const text = result.content.find((each) => each.type === 'text')?.text ?? '';
  if (result.isError) {
    const said = result._meta?.['streamlib/error'] as Failure | undefined;
    throw new ToolError(text, said?.details?.problems?.flatMap(({ packages = [] }) => packages) ?? []);
  }
  return {
    data: result.structuredContent as Answers[Name],
    picture: result.content.find((each) => each.type === 'image')?.data,
  };
}

const say = (text: string) => console.log(text);

/** What of a package will do. From version 5 on, OpenCV has no CascadeClassifier. */
const VERSIONS: Readonly<Record<string, string>> = { 'opencv-python-headless': '>=4.10,<5' };

/** Asks for packages and waits for what is decided; a person may have to agree. */
async function provide(packages: readonly string[]): Promise<void> {
  for (const name of packages) {
    const version = VERSIONS[name];
    let { data }: { data: Package } = await call('request_package', {
      package: name,
      ...(version !== undefined && { version }),
      reason: 'the face detector is made of it',
    });
    let told = '';
    for (;;) {
      const { id, status, detail, next } = data;
      if (status !== told) {
        say(`  ${name} is ${status}: ${detail}`);
        if (status === 'pending') say(`  ${next.replace('`streamlib ', '`.streamlib/bin/streamlib ')}`);
        told = status;
      }
      if (status === 'installed') break;
      if (status === 'denied' || status === 'failed') throw new Error(next);
      await pause(1000);
      data = (await call('get_package_status', { package: id })).data;
    }
  }
}

/** Adds a processor; if its packages are missing, asks for them and tries once more. */
async function add(input: Record<string, unknown>) {
  try {
    return await call('add_processor', input);
  } catch (error) {
    if (!(error instanceof ToolError) || error.missing.length === 0) throw error;
    say(`  packages are missing: ${error.missing.join(', ')}`);
    await provide(error.missing);
    return call('add_processor', input);
  }
}

try {
  say('What is there?');
  const { data: there } = await call('list_processors');
  say(`  ${there.processors.map(({ type }) => type).join(', ')}; ${there.examples.length} examples of code`);

  say('A camera.');
  await call('add_processor', { name: 'camera', type: 'camera', params: { source: join(here, 'face.mp4') } });

  say('A detector, at first without a box.');
  const code = readFileSync(join(here, 'detector.py'), 'utf8');
  const { data: added } = await add({
    name: 'detector',
    code: code.replace(/^ +cv2\.rectangle.*\n/m, ''),
    connections: [{ from_processor: 'camera', to_processor: 'detector' }],
  });
  say(`  ${added.state} after ${added.ready_ms} ms`);

  say('A display.');
  await call('add_processor', {
    name: 'display',
    type: 'display',
    params: { port: Number(values.port) },
    connections: [{ from_processor: 'detector', from_port: 'video_out', to_processor: 'display' }],
  });

  say('Is anything found?');
  const { data: tapped } = await call('tap', { port: 'detector.faces', count: 10 });
  say(
    `  ${tapped.messages.filter(({ detections }) => detections.length > 0).length} of 10 frames have a face`,
  );

  say('It should be seen: a box is drawn from now on.');
  const { data: replaced } = await call('replace_processor', { name: 'detector', code });
  say(`  replaced in ${replaced.ready_ms} ms`);
  const { picture } = await call('snapshot', { port: 'detector.video_out' });
  writeFileSync(join(out, 'agent.png'), Buffer.from(picture ?? '', 'base64'));
  say(`  the picture is in ${join(out, 'agent.png')}`);

  const { data: saved } = await call('save_graph', { folder: join(out, 'agent-graph'), overwrite: true });
  say(saved.next);
  const { data: logs } = await call('get_logs', { processor: 'display' });
  say(logs.lines.map(({ message }) => message).find((message) => message.includes('http')) ?? '');
  if (Number(values.seconds) > 0) await pause(Number(values.seconds) * 1000);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await client.close();
}
