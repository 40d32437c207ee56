import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { ControlApi } from '@streamlib/runtime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { McpHttpServer } from './http.js';
import { makeMcpServer } from './server.js';
import { httpToken, tokenFile } from './token.js';

const token = 'a-token-for-a-test';
const control: ControlApi = { call: () => Promise.resolve({ removed: 'x' }) };
let server: McpHttpServer;

beforeAll(async () => {
  server = await McpHttpServer.open({ port: 0, token, make: () => makeMcpServer(control, { folders: [] }) });
});
afterAll(() => server.close());

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});

function status(
  headers: Record<string, string>,
  path = '/mcp',
  body = initialize,
): Promise<number | undefined> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

const authorization = `Bearer ${token}`;

describe('the token', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'streamlib-token-'));
    process.env.STREAMLIB_HOME = home;
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is made once, for this user only', () => {
    const made = httpToken();
    expect(made.length).toBeGreaterThanOrEqual(32);
    expect(httpToken()).toBe(made);
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
  });

  it('is not taken from a file that others can read', () => {
    httpToken();
    chmodSync(tokenFile(), 0o644);
    expect(httpToken).toThrow(/can be read by others; remove it/);
  });
});

describe('MCP over HTTP', () => {
  it('answers who knows the token, and nobody else', async () => {
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'Bearer guess' })).toBe(401);
    expect(await status({ authorization })).toBe(200);
  });

  it('answers no page of a browser, under whatever name', async () => {
    expect(await status({ authorization, origin: 'http://evil.example' })).toBe(403);
    expect(await status({ authorization, host: 'evil.example' })).toBe(403);
    expect(await status({ authorization, host: 'localhost:1' })).toBe(200);
  });

  it('says what is wrong with a body, as JSON-RPC does', async () => {
    const ask = async (body: string) => {
      const response = await fetch(server.url, { method: 'POST', headers: { authorization }, body });
      return [response.status, await response.json()];
    };
    expect(await ask('{')).toEqual([
      400,
      {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32700, message: 'the request body is not valid JSON. Send JSON-RPC.' },
      },
    ]);
    expect(await ask('x'.repeat(4 * 1024 * 1024 + 1))).toMatchObject([413, { error: { code: -32000 } }]);
    expect(await status({ authorization }, '/mcp', '')).toBe(400);
  });

  it('says what to do when its port is in use', async () => {
    const port = Number(new URL(server.url).port);
    const make = () => makeMcpServer(control, { folders: [] });
    await expect(McpHttpServer.open({ port, token, make })).rejects.toMatchObject({
      message: `port ${port} of 127.0.0.1 is in use by another program`,
      next: 'Choose another port, or 0 for any that is free.',
    });
  });

  it('knows its sessions', async () => {
    expect(await status({ authorization, 'mcp-session-id': 'nobody' })).toBe(404);
    expect(await status({ authorization }, '/elsewhere')).toBe(404);
    expect(await status({ authorization }, '/mcp', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}')).toBe(
      400,
    );
  });

  it('clients that went without a word do not keep new ones out; one that is there stays', async () => {
    const transport = new StreamableHTTPClientTransport(new URL(server.url), {
      requestInit: { headers: { authorization } },
    });
    const client = new Client({ name: 'stays', version: '1' });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    for (let n = 0; n < 80; n++) {
      expect(await status({ authorization })).toBe(200);
      if (n % 10 === 0) await client.ping();
    }
    const result = await client.callTool({ name: 'remove_processor', arguments: { name: 'x' } });
    expect(result.structuredContent).toEqual({ removed: 'x' });
    await client.close();
  });

  it('serves several clients at once', async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const client = new Client({ name: `client-${n}`, version: '1' });
        const transport = new StreamableHTTPClientTransport(new URL(server.url), {
          requestInit: { headers: { authorization } },
        });
        await client.connect(transport as Parameters<typeof client.connect>[0]);
        return { client, transport };
      }),
    );
    for (const { client, transport } of clients) {
      const result = await client.callTool({ name: 'remove_processor', arguments: { name: 'x' } });
      expect(result.structuredContent).toEqual({ removed: 'x' });
      await transport.terminateSession();
      await client.close();
    }
  });
});
