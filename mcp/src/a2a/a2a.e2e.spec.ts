import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Message, Role, type Task, TaskState } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { Control, openServices, operations, PYTHON_EXAMPLES, Runtime } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox } from '../../../runtime/src/testing/sandbox.js';
import { McpHttpServer } from '../http.js';
import { makeMcpServer } from '../server.js';
import { A2aEndpoint } from './endpoint.js';

const token = 'a-token-between-agents';
let sandbox: Sandbox;
let folder: string;
let runtime: Runtime;
let control: Control;
let server: McpHttpServer;
let client: Client;

const authorized: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};

beforeAll(async () => {
  sandbox = await openSandbox();
  folder = mkdtempSync(join(tmpdir(), 'streamlib-a2a-'));
  const wheels = join(folder, 'wheels');
  const script = fileURLToPath(
    new URL('../../../runtime/src/python/environment/testing/make_packages.py', import.meta.url),
  );
  const python = join(String(process.env.STREAMLIB_VENV), 'bin', 'python');
  execFileSync(python, [script, wheels, JSON.stringify([{ name: 'shapes', version: '2.0' }])]);
  mkdirSync(sandbox.home, { recursive: true });
  writeFileSync(
    join(sandbox.home, 'streamlib.yaml'),
    `packages: { strategy: AllowList, allow: [shapes], find_links: [${wheels}], keep_free_mb: 0 }\n`,
  );
  runtime = new Runtime({ name: 'a2a', live: true });
  control = new Control(runtime, await openServices());
  await runtime.start();
  server = await McpHttpServer.open({
    port: 0,
    token,
    make: () => makeMcpServer(control, { folders: [folder] }),
    a2a: (origin) => A2aEndpoint.at(origin, '1', control, { folders: [folder] }),
  });
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl: authorized })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl: authorized }),
  });
  client = await factory.createFromUrl(new URL(server.url).origin);
}, 120_000);
afterAll(async () => {
  await server.close();
  await runtime.stop();
  control.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

function message(value: unknown): Message {
  return {
    messageId: randomUUID(),
    contextId: '',
    taskId: '',
    role: Role.ROLE_USER,
    parts: [
      { content: { $case: 'data', value }, metadata: undefined, filename: '', mediaType: 'application/json' },
    ],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

async function send(value: unknown, returnImmediately = false): Promise<Task> {
  const sent = await client.sendMessage({
    tenant: '',
    message: message(value),
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      historyLength: 0,
      returnImmediately,
    },
    metadata: undefined,
  });
  if (!('status' in sent)) throw new Error('no task came back');
  return sent;
}

const ask = (skill: string, input: object = {}) => send({ skill, input });

function dataOf(task: Task): Record<string, unknown> {
  const parts = task.artifacts.at(-1)?.parts ?? task.status?.message?.parts ?? [];
  const found = parts.map(({ content }) => content).find((content) => content?.$case === 'data');
  if (found?.$case !== 'data') throw new Error(JSON.stringify(task.status));
  return found.value as Record<string, unknown>;
}

/** The answer of a task that has to have succeeded. */
async function done(skill: string, input: object = {}): Promise<Record<string, unknown>> {
  const task = await ask(skill, input);
  expect(task.status?.state, JSON.stringify(task.status)).toBe(TaskState.TASK_STATE_COMPLETED);
  return dataOf(task);
}

const code = `import shapes\n${PYTHON_EXAMPLES[0].code}`;

describe('two agents', () => {
  it('find each other by the card', async () => {
    const card = await client.getAgentCard();
    expect(card.skills.map(({ id }) => id)).toEqual(operations.map(({ name }) => name));
    const unknown = await fetch(new URL('/.well-known/agent-card.json', server.url));
    expect(unknown.status).toBe(401);
  });

  it('talk: languages, packages, request, packages, add, connect, look', async () => {
    expect(await done('list_supported_languages')).toMatchObject({ languages: [{ language: 'python' }] });
    expect(await done('list_python_packages', { filter: 'shapes' })).toMatchObject({ packages: [] });

    // An installation takes its time: the task is there at once, and is asked after.
    let task = await send(
      { skill: 'request_package', input: { package: 'shapes', reason: 'to draw' } },
      true,
    );
    expect(task.status?.state).toBe(TaskState.TASK_STATE_WORKING);
    const deadline = performance.now() + 90_000;
    while (task.status?.state === TaskState.TASK_STATE_WORKING && performance.now() < deadline)
      task = await client.getTask({ tenant: '', id: task.id });
    expect(task.status?.state, JSON.stringify(task.status)).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(dataOf(task)).toMatchObject({ status: 'installed', installedVersion: '2.0' });
    expect(await done('list_python_packages', { filter: 'shapes' })).toMatchObject({
      packages: [{ name: 'shapes' }],
    });

    await done('add_processor', { name: 'camera', type: 'camera', params: { width: 64, height: 48 } });
    await done('add_processor', { name: 'effect', code });
    await done('connect_processors', { from_processor: 'camera', to_processor: 'effect' });
    const look = await ask('snapshot', { port: 'effect.video_out' });
    expect(dataOf(look)).toMatchObject({ width: 64, height: 48 });
    const picture = look.artifacts.at(-1)?.parts.find(({ content }) => content?.$case === 'raw');
    expect(picture?.mediaType).toBe('image/png');
    if (picture?.content?.$case !== 'raw') throw new Error('no picture');
    expect(Buffer.from(picture.content.value).subarray(1, 4).toString()).toBe('PNG');
  }, 120_000);

  it('hear why something is not done, and what to do', async () => {
    const denied = await ask('save_graph', { folder: '/tmp/elsewhere-of-nobody' });
    expect(denied.status?.state).toBe(TaskState.TASK_STATE_REJECTED);
    expect(dataOf(denied)).toMatchObject({ code: 'denied', next: expect.any(String) });
    const broken = await ask('add_processor', { name: 'x', code: 'x = (\n' });
    expect(broken.status?.state).toBe(TaskState.TASK_STATE_FAILED);
    const lost = await send({ what: 'is this?' });
    expect(dataOf(lost)).toMatchObject({ code: 'invalid', next: expect.stringContaining('skill') });
  });

  it('may change their mind, also about a tap that has seen messages already', async () => {
    const task = await send(
      { skill: 'tap', input: { port: 'camera.video', count: 100, timeout_s: 60 } },
      true,
    );
    const sent = () => Number(runtime.stats().nodes.camera?.frames_out);
    const before = sent();
    await expect.poll(sent, { interval: 5, timeout: 10_000 }).toBeGreaterThan(before + 1);
    const canceled = await client.cancelTask({ tenant: '', id: task.id, metadata: undefined });
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
  });
});
