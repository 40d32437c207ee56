import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentText, defineProcessor, device, filePath, network, secret } from '@streamlib/processor';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { localType } from '../node-types/local.js';
import { InstalledType } from '../node-types/python/types.js';
import { NodeTypes } from '../node-types/registry/registry.js';
import { checkAgentParams } from './agent-policy.js';
import { ControlError } from './control-error.js';
import type { Grants } from './granted.js';

const folder = mkdtempSync(join(tmpdir(), 'streamlib-granted-'));
symlinkSync('/etc', join(folder, 'away'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GRANTS: Grants = { folders: [folder], devices: ['camera'], hosts: ['media.example'] };
const types = new NodeTypes();

/** One that means to be given what it should not have, in every form that a schema can hide a text in. */
const tree: z.ZodType = z.lazy(() => z.object({ url: z.string(), below: tree.optional() }));
const hostile = localType(
  defineProcessor({
    type: 'hostile',
    config: z.looseObject({
      url: z.string().optional(),
      destination: z.string().default('239.1.2.3:5004'),
      host: z.string().optional(),
      wrapped: z.string().nullable().optional().readonly(),
      coerced: z.coerce.string().optional(),
      piped: z
        .string()
        .transform((text) => text.length)
        .optional(),
      preprocessed: z.preprocess((value) => value, z.string()).optional(),
      email: z.email().optional(),
      template: z.templateLiteral(['run-', z.string()]).optional(),
      anything: z.unknown(),
      list: z.array(z.string()).optional(),
      tuple: z.tuple([z.string()]).optional(),
      record: z.record(z.string(), z.number()).optional(),
      union: z.union([z.enum(['auto']), z.string()]).optional(),
      nested: z.object({ deep: z.object({ address: z.string() }) }).optional(),
      either: z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })).optional(),
      tree: tree.optional(),
      token: secret().optional(),
      tokens: z.array(secret()).optional(),
      pin: z.union([secret(), z.number()]).optional(),
      malformed: z
        .string()
        .meta({ streamlib: { kind: 'harmless' } })
        .optional(),
      title: agentText().optional(),
      count: z.number().optional(),
      on: z.boolean().optional(),
      mode: z.enum(['a', 'b']).optional(),
      fixed: z.literal('x').optional(),
      source: filePath({ except: ['none'] }).optional(),
      sources: z.array(filePath()).optional(),
      either_file: z.union([z.number(), filePath()]).optional(),
      microphone: device('microphone', { except: ['silence'] }).optional(),
      lens: device('camera').optional(),
      feed: network().optional(),
      listen: network({ role: 'listen' }).optional(),
      headers: z.record(agentText(), agentText()).optional(),
    }),
    create: () => ({}),
  }),
  { kind: 'program' },
);

async function typeOf(name: string) {
  return name === 'hostile' ? hostile : types.mustFind(name);
}

const outcome = (run: () => unknown): string => {
  try {
    run();
    return 'allowed';
  } catch (error) {
    if (error instanceof ControlError && error.code === 'denied') return error.message;
    throw error;
  }
};

describe('what an agent may set', () => {
  it.each([
    ['camera', { source: 'test-pattern' }],
    ['camera', { source: 'device:0' }],
    ['camera', { source: 'device:12' }],
    ['camera', { source: '/dev/video3' }],
    ['camera', { source: 'clip.mp4', loop: false, width: 640, fps: 30, format: 'rgb8' }],
    ['display', { port: 0, host: '127.0.0.1', quality: 50, max_viewers: 1 }],
    ['display', { host: '::1' }],
    ['file', { path: 'out.mp4', codec: 'h264', crf: 20, overwrite: true }],
    ['python', { config: { anything: 'at all' } }],
    ['hostile', { title: 'any words', count: 1, on: true, mode: 'a', fixed: 'x', union: 'auto' }],
    ['hostile', { source: 'none', sources: ['a.txt'], either_file: 3, lens: 'usb-1', microphone: 'silence' }],
    ['hostile', { feed: 'rtsp://media.example/live', listen: 'localhost' }],
    ['hostile', { feed: 'media.example:8554' }],
    ['hostile', { headers: { a: 'b' } }],
  ] as const)('%s %j', async (name, params) => {
    const type = await typeOf(name);
    expect(outcome(() => checkAgentParams(type, params, GRANTS))).toBe('allowed');
  });

  it.each([
    ['camera', 'source', 'device:/etc/passwd'],
    ['camera', 'source', 'device:'],
    ['camera', 'source', 'device:0:1'],
    ['camera', 'source', 'device:0\n'],
    ['camera', 'source', 'device:../secret'],
    ['camera', 'source', '/dev/video'],
    ['camera', 'source', '/dev/video0/../mem'],
    ['camera', 'source', 'http://127.0.0.1/'],
    ['camera', 'source', 'rtsp://media.example/live'],
    ['camera', 'source', '/etc/passwd'],
    ['camera', 'source', '../outside.mp4'],
    ['camera', 'source', 'away/passwd'],
    ['display', 'host', '0.0.0.0'],
    ['display', 'host', 'localhost.evil.example'],
    ['display', 'host', '127.0.0.1.evil.example'],
    ['file', 'path', '/tmp/elsewhere.mp4'],
    ['hostile', 'url', 'http://evil.example'],
    ['hostile', 'destination', '239.1.2.3:5004'],
    ['hostile', 'host', '127.0.0.1'],
    ['hostile', 'wrapped', 'text'],
    ['hostile', 'coerced', 'text'],
    ['hostile', 'piped', 'text'],
    ['hostile', 'preprocessed', 'text'],
    ['hostile', 'email', 'a@b.example'],
    ['hostile', 'template', 'run-this'],
    ['hostile', 'anything', 'text'],
    ['hostile', 'anything', { deeper: 1 }],
    ['hostile', 'anything', ['text']],
    ['hostile', 'list', ['text']],
    ['hostile', 'tuple', ['text']],
    ['hostile', 'record', { 'rm -rf': 1 }],
    ['hostile', 'union', 'other'],
    ['hostile', 'nested', { deep: { address: 'text' } }],
    ['hostile', 'nested', { deep: { other: 1 } }],
    ['hostile', 'either', { a: 'text', b: 'text' }],
    ['hostile', 'tree', { url: 'text' }],
    ['hostile', 'token', 'text'],
    ['hostile', 'token', 5],
    ['hostile', 'tokens', ['text']],
    ['hostile', 'pin', 'text'],
    ['hostile', 'malformed', 'text'],
    ['hostile', 'source', '/etc/passwd'],
    ['hostile', 'sources', ['ok.txt', '/etc/passwd']],
    ['hostile', 'either_file', '/etc/passwd'],
    ['hostile', 'microphone', 'hw:0'],
    ['hostile', 'feed', 'http://127.0.0.1:9464/'],
    ['hostile', 'feed', 'localhost'],
    ['hostile', 'feed', 'http://media.example@evil.example/'],
    ['hostile', 'feed', 'http://user:pass@media.example/'],
    ['hostile', 'feed', 'media.example.evil.example'],
    ['hostile', 'listen', '0.0.0.0'],
    ['hostile', 'listen', 'any:thing:else'],
    ['hostile', 'unknown', 'text'],
    ['hostile', '__proto__', 'text'],
    ['hostile', 'constructor', 'text'],
    ['python', 'file', '/etc/passwd'],
    ['python', 'sandbox', false],
    ['python', 'requirements', ['evil']],
    ['python', 'restart', 'always'],
  ] as const)('not %s %s: %j', async (name, key, value) => {
    const type = await typeOf(name);
    const params = Object.fromEntries([[key, value]]);
    expect(outcome(() => checkAgentParams(type, params, GRANTS))).toContain(key);
  });

  it('is nothing at all of a processor of an installed distribution, nor of a type that is denied', () => {
    const installed = new InstalledType(
      { name: 'blur', distribution: 'blurs', version: '1', module: 'b', attribute: 'B', file: '/b.py' },
      types.python,
    );
    const forbidden = localType(
      defineProcessor({ type: 'shell', agents: 'denied', config: z.object({}), create: () => ({}) }),
      { kind: 'program' },
    );
    expect(outcome(() => checkAgentParams(installed, {}, GRANTS))).toMatch(/outside the sandbox/);
    expect(outcome(() => checkAgentParams(forbidden, {}, GRANTS))).toMatch(/leaves it to the user/);
  });

  it('is no camera where none was granted', async () => {
    const none = { ...GRANTS, devices: [] };
    const type = await typeOf('camera');
    expect(outcome(() => checkAgentParams(type, { source: 'device:0' }, none))).toMatch(/not granted/);
  });

  it('is said of every text of every type that comes with StreamLib', async () => {
    const { types: all } = await types.list();
    const own = all.filter(({ origin }) => origin.kind === 'npm').map(({ type }) => type);
    expect(own).toEqual(expect.arrayContaining(['camera', 'display', 'file']));
    for (const name of own) {
      const schema = z.toJSONSchema((await types.mustFind(name)).config, { io: 'input' });
      for (const [key, field] of Object.entries(schema.properties ?? {})) {
        if (typeof field !== 'object' || field.type !== 'string' || field.enum !== undefined) continue;
        expect(field, `${name}.${key}`).toHaveProperty(['streamlib', 'kind']);
      }
    }
  });
});
