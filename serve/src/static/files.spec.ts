import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HttpError } from '../errors.js';
import { WebServer } from '../server.js';
import { raw } from '../testing/raw.js';
import { StaticFiles } from './files.js';
import { PAGE_HEADERS } from './headers.js';

let folder: string;
let server: WebServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-static-'));
  writeFileSync(join(folder, 'secret.html'), 'secret');
  const page = join(folder, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<p>page</p>');
  writeFileSync(join(page, 'assets', 'app.js'), 'code()');
  writeFileSync(join(page, 'notes.ts'), 'private');
  symlinkSync(join(folder, 'secret.html'), join(page, 'link.html'));
  const files = await StaticFiles.read(page);
  server = await WebServer.open({ host: '127.0.0.1', port: 0 });
  server.mount({
    path: '/app',
    guard: { host: 'addresses', origin: 'own' },
    methods: ['GET', 'HEAD'],
    headers: PAGE_HEADERS,
    handle: (exchange) => {
      if (!files.answer(exchange)) throw new HttpError(404, 'not_found', 'no such file', 'Open /app.');
    },
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('files are served with their type, and with headers that keep other sites out', async () => {
  const page = await fetch(`${server.url}/app/`);
  expect(await page.text()).toBe('<p>page</p>');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const code = await fetch(`${server.url}/app/assets/app.js`);
  expect([await code.text(), code.headers.get('content-type')]).toEqual([
    'code()',
    'text/javascript; charset=utf-8',
  ]);
  const head = await fetch(`${server.url}/app/index.html`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '11', '']);
});

it('a browser that has a file is told so', async () => {
  const first = await fetch(`${server.url}/app/`);
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  expect(first.headers.get('cache-control')).toBe('no-cache');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await fetch(`${server.url}/app/`, { headers: { 'if-none-match': known } });
    expect([again.status, await again.text()], known).toEqual([304, '']);
  }
  expect((await fetch(`${server.url}/app/`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
});

it.each([
  '/app/secret.html',
  '/app/link.html',
  '/app/notes.ts',
  '/app/../secret.html',
  '/app/%2e%2e/secret.html',
  '/app/..%2fsecret.html',
  '/app/assets/../../secret.html',
  '/app//index.html',
  '/app/assets',
  '/app/index.html%00',
  '/app/toString',
])('%s is not a file of the page', async (path) => {
  const port = Number(new URL(server.url).port);
  const answer = await raw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain('secret');
});
