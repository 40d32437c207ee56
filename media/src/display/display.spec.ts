import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { debugCounts } from '@streamlib/host-bridge';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TemporaryFolder } from '../testing/clips.js';
import { decodeDirectly } from '../testing/direct.js';
import { startNodes, stopNodes, TestNode } from '../testing/graph.js';
import { distanceFromPattern } from '../testing/pictures.js';
import { pattern } from '../testing/source.js';
import { TestViewer } from '../testing/viewer.js';
import { display } from './display.js';

const folder = new TemporaryFolder();
const running: TestNode[] = [];
const viewers: TestViewer[] = [];
afterAll(() => folder.remove());
afterEach(async () => {
  await stopNodes(...running.splice(0));
  for (const viewer of viewers.splice(0)) await viewer.closed;
  expect(debugCounts().leases).toBe(0);
});

async function start(params: object = {}) {
  const camera = pattern(128, 72);
  const source = new TestNode(camera.definition);
  const node = new TestNode(display, { port: 0, quality: 95, ...params });
  source.to(node);
  running.push(source, node);
  await startNodes(source, node);
  const url = /http\S+/.exec(await node.log.line(/http/))?.[0] ?? '';
  return { camera, node, url };
}

async function watch(url: string): Promise<TestViewer> {
  const viewer = await TestViewer.open(url);
  viewers.push(viewer);
  return viewer;
}

function get(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; body: Buffer; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), headers: response.headers });
    })
      .on('error', reject)
      .end();
  });
}

async function distance(jpeg: Uint8Array, n: number): Promise<number> {
  const path = folder.file('served.jpg');
  writeFileSync(path, jpeg);
  const [picture] = await decodeDirectly(path);
  return picture === undefined ? Number.POSITIVE_INFINITY : distanceFromPattern(picture, n);
}

describe('the display', () => {
  it('tells where its page is, and serves it', async () => {
    const { url } = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await get(url);
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    const files = [...page.body.toString().matchAll(/(?:href|src)="([^"]+)"/g)].map(([, file]) => file);
    expect(files).toContain('app.js');
    for (const file of files) expect((await get(`${url}${file}`)).status, file).toBe(200);
    expect((await get(url, {}, 'HEAD')).body.length).toBe(0);
  });

  it('lets no other site show it, and says so with refusals as well', async () => {
    const { url } = await start();
    for (const path of ['', 'app.js', 'stats.json', 'frame.jpg', 'nothing']) {
      const { headers } = await get(`${url}${path}`);
      expect(headers, path).toMatchObject({
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    }
    const { headers } = await get(url);
    expect((await get(url, { 'If-None-Match': String(headers.etag) })).status).toBe(304);
  });

  it('sends the picture that it was given, with its time and number', async () => {
    const { camera, url } = await start();
    const viewer = await watch(url);
    await camera.send(5);
    const frame = await viewer.frame();
    expect(frame).toMatchObject({ number: 5n, width: 128, height: 72, dropped: 0 });
    expect(frame.timestampNs).toBe(camera.lastTimestamp);
    expect(await distance(frame.jpeg, 5)).toBeLessThan(5);
  });

  it('gives a slow page the newest frame only, and counts what it missed', async () => {
    const { camera, node, url } = await start();
    const viewer = await watch(url);
    await camera.send(0);
    await viewer.frame();
    for (let n = 1; n <= 9; n++) await camera.send(n);
    // Everything has arrived; nothing was sent, for the first is not yet acknowledged.
    expect(node.node.stats().frames_in).toBe(10);
    viewer.ack([12.5]);
    const frame = await viewer.frame();
    expect(frame).toMatchObject({ number: 9n, dropped: 8 });
    const stats = JSON.parse((await get(`${url}stats.json`)).body.toString());
    expect(stats).toMatchObject({ frames: 10, missed: 0, width: 128, height: 72 });
    expect(stats.viewers).toEqual([
      { sent: 2, dropped: 8, fps: expect.any(Number), latency_ms: { p50: 12.5, p99: 12.5 } },
    ]);
  });

  it('serves several pages, each at its own pace', async () => {
    const { camera, url } = await start();
    const [slow, fast] = [await watch(url), await watch(url)];
    for (const n of [1, 2, 3]) {
      await camera.send(n);
      expect((await fast.frame()).number).toBe(BigInt(n));
      fast.ack();
    }
    expect((await slow.frame()).number).toBe(1n);
    slow.ack();
    expect(await slow.frame()).toMatchObject({ number: 3n, dropped: 1 });
  });

  it('counts frames that were lost before it', async () => {
    const { camera, url } = await start();
    for (const n of [1, 2, 5, 6, 10]) await camera.send(n);
    expect(JSON.parse((await get(`${url}stats.json`)).body.toString())).toMatchObject({
      frames: 5,
      missed: 5,
    });
  });

  it('answers with its clock, for the page to measure by', async () => {
    const { url } = await start();
    const viewer = await watch(url);
    viewer.say({ type: 'clock', sent: 42.5 });
    expect(await viewer.told('clock')).toEqual({
      type: 'clock',
      sent: 42.5,
      now_ns: expect.stringMatching(/^\d+$/),
    });
  });

  it('gives out the newest frame as a file', async () => {
    const { camera, url } = await start();
    expect((await get(`${url}frame.jpg`)).status).toBe(503);
    for (const n of [3, 4]) await camera.send(n);
    const { status, body, headers } = await get(`${url}frame.jpg`);
    expect({ status, type: headers['content-type'], number: headers['x-frame-number'] }).toEqual({
      status: 200,
      type: 'image/jpeg',
      number: '4',
    });
    expect(await distance(body, 4)).toBeLessThan(5);
  });

  it('refuses other names, other pages, other methods and other files', async () => {
    const { url } = await start();
    expect((await get(url, { Host: 'evil.example' })).status).toBe(403);
    expect((await get(`${url}frame.jpg`, { Host: 'evil.example:80' })).status).toBe(403);
    expect((await get(url, {}, 'POST')).status).toBe(405);
    expect((await get(`${url}frame.jpg`, { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await get(url, { Origin: url.slice(0, -1) })).status).toBe(200);
    for (const path of ['nothing', '../package.json', '%2e%2e/package.json', 'frames'])
      expect((await get(`${url}${path}`)).status, path).toBe(404);
    for (const [path, options, status] of [
      ['frames', { origin: 'http://evil.example' }, 403],
      ['frames', { headers: { Host: 'evil.example' } }, 403],
      ['frames', { headers: { Host: '0.0.0.0' } }, 403],
      ['frames', { headers: { Host: 'localhost.' } }, 403],
      ['other', {}, 404],
    ] as const) {
      const socket = new WebSocket(url.replace('http', 'ws') + path, options);
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      expect(response.statusCode).toBe(status);
      socket.on('error', () => {});
      socket.terminate();
    }
  });

  it('takes so many viewers and no more', async () => {
    const { url } = await start({ max_viewers: 1 });
    await watch(url);
    const socket = new WebSocket(`${url.replace('http', 'ws')}frames`);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(response.statusCode).toBe(503);
    socket.on('error', () => {});
    socket.terminate();
  });

  it.each(['hello', '{"type":"ack","latencies_ms":[-1]}', '[]', 'x'.repeat(5000)])(
    'hangs up on who says %.40s',
    async (text) => {
      const { url } = await start();
      const viewer = await watch(url);
      viewer.sayText(text);
      expect([1008, 1009]).toContain(await viewer.closed);
    },
  );

  it('says who has its port', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const second = new TestNode(display, { port });
    running.push(second);
    await second.node.setup();
    expect(second.failure).toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(`port ${port}`),
    });
  });

  it('hangs up when it is stopped, with frames still under way', async () => {
    const { camera, node, url } = await start();
    const viewer = await watch(url);
    for (let n = 0; n < 5; n++) await camera.send(n);
    await node.node.stop();
    expect(await viewer.closed).toBe(1001);
    await expect(get(url)).rejects.toThrow();
  });
});
