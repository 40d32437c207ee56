import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpError } from './errors.js';
import type { GuardRules } from './guard/guard.js';
import { type Mount, textErrors } from './mount.js';
import { WebServer, type WebServerOptions } from './server.js';
import { raw } from './testing/raw.js';

const guard: GuardRules = { host: 'loopback', origin: 'none' };
let server: WebServer;
afterEach(() => server.close());

async function open(mounts: readonly Mount[], options?: WebServerOptions): Promise<void> {
  server = await WebServer.open({ host: '127.0.0.1', port: 0 }, options);
  for (const mount of mounts) server.mount(mount);
}
const port = () => Number(new URL(server.url).port);
const get = (path: string, more = '') =>
  raw(port(), `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`);

const named = (path: string, more: Partial<Mount> = {}): Mount => ({
  path,
  guard,
  handle: (exchange) => exchange.sendJson(200, { mount: path, path: exchange.path }),
  ...more,
});

describe('what is mounted', () => {
  it.each([
    ['/', '/', '/'],
    ['/a', '/a', '/'],
    ['/a/', '/a', '/'],
    ['/a/x?y=/a/b', '/a', '/x'],
    ['/a/b', '/a/b', '/'],
    ['/a/b/c/', '/a/b', '/c/'],
    ['/ab', '/', '/ab'],
    ['/%61', '/', '/%61'],
    ['/a/../b', '/a', '/../b'],
  ])('%s is answered by %s, as %s', async (path, mount, below) => {
    await open([named('/'), named('/a'), named('/a/b')]);
    expect(JSON.parse((await get(path)).body)).toEqual({ mount, path: below });
  });

  it('is at one path once, and at a path', async () => {
    await open([named('/a')]);
    expect(() => server.mount(named('/a'))).toThrow(/mounted at \/a already/);
    for (const path of ['', 'a', '/a/', '//', '/a?b'])
      expect(() => server.mount(named(path))).toThrow(TypeError);
  });

  it('has a guard of its own each', async () => {
    await open([named('/a', { guard: { ...guard, token: { value: 'secret' } } }), named('/b')]);
    expect((await get('/a')).status).toBe(401);
    expect((await get('/b')).status).toBe(200);
    expect((await get('/a', 'Authorization: Bearer secret\r\n')).status).toBe(200);
    expect((await get('/b', 'Origin: http://evil.example\r\n')).status).toBe(403);
  });

  it('says what is not there, what is not allowed, and what went wrong, in one form', async () => {
    await open([
      named('/a', { methods: ['GET'], headers: { 'x-content-type-options': 'nosniff' } }),
      named('/broken', { handle: () => Promise.reject(new Error('it broke')) }),
      named('/full', {
        handle: () => {
          throw new HttpError(503, 'busy', 'it is full', 'Wait.', { details: { most: 3 } });
        },
      }),
      named('/text', { format: textErrors, methods: ['PUT'] }),
    ]);
    expect(JSON.parse((await get('/x?y')).body)).toEqual({
      error: { code: 'not_found', message: 'no such resource: GET /x?y', next: 'Check the address.' },
    });
    const refused = await raw(port(), 'POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(refused).toMatchObject({ status: 405, head: expect.stringMatching(/allow: GET\r\n/i) });
    expect(refused.head).toMatch(/x-content-type-options: nosniff/i);
    expect(await get('/broken')).toMatchObject({ status: 500, body: expect.stringContaining('it broke') });
    expect(JSON.parse((await get('/full')).body).error).toEqual({
      ...{ code: 'busy', message: 'it is full', next: 'Wait.', details: { most: 3 } },
    });
    expect((await get('/text')).body).toBe('Only PUT is allowed here. Use PUT.\n');
  });

  it('sees to it that an answer that breaks off is seen to do so, and told', async () => {
    const told: unknown[] = [];
    const broken = named('/', {
      handle: ({ response }) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('begun');
        throw new Error('in the middle');
      },
    });
    await open([broken], { onError: (error) => told.push(error) });
    expect((await get('/')).body.length).toBeLessThan(100);
    expect(told).toEqual([expect.objectContaining({ message: 'in the middle' })]);
  });

  it('knows when its client has gone', async () => {
    const begun = withResolvers();
    const gone = withResolvers();
    await open([
      named('/', {
        handle: ({ signal }) => {
          begun.resolve();
          signal.addEventListener('abort', () => gone.resolve());
        },
      }),
    ]);
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await begun.promise;
    socket.destroy();
    await gone.promise;
  });
});

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('hostile requests', () => {
  it.each([
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['no Host, in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 403],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', 403],
    [
      'two Hosts',
      'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      400,
    ],
    ['another name', 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 403],
    ['0.0.0.0', 'GET / HTTP/1.1\r\nHost: 0.0.0.0\r\nConnection: close\r\n\r\n', 403],
    [
      'a target with a host of its own',
      'GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      400,
    ],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
      400,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}`, 431],
  ])('%s', async (_, bytes, status) => {
    await open([named('/')]);
    expect((await raw(port(), bytes)).status).toBe(status);
    // And the next one is answered as ever.
    expect((await get('/')).status).toBe(200);
  });

  it('a request that does not end is ended', async () => {
    await open([named('/', { maxBodyBytes: 10, handle: async (exchange) => void (await exchange.body()) })], {
      requestTimeoutMs: 100,
    });
    expect((await raw(port(), 'GET / HTTP/1.1\r\nHost: local')).status).toBe(408);
    const slow = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab';
    expect([0, 400, 408]).toContain((await raw(port(), slow)).status);
  });

  it('more connections than allowed are dropped and counted', async () => {
    await open([named('/')], { maxConnections: 2 });
    const held = [connect(port(), '127.0.0.1'), connect(port(), '127.0.0.1')];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect((await get('/')).status).toBe(0);
    expect(server.droppedConnections).toBe(1);
    for (const socket of held) socket.destroy();
  });
});

describe('bodies', () => {
  const echo = named('/', {
    maxBodyBytes: 1000,
    handle: async (exchange) => exchange.sendJson(200, { got: (await exchange.body()).length }),
  });
  const post = (headers: string, ...bytes: string[]) =>
    raw(port(), [`POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`, ...bytes]);
  const chunk = (length: number) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`;

  it('are read up to the limit, whether their length was said or not', async () => {
    await open([echo]);
    expect((await post('Content-Length: 1000\r\n', 'x'.repeat(1000))).body).toBe('{"got":1000}');
    const chunks = [chunk(500), chunk(500), '0\r\n\r\n'];
    expect((await post('Transfer-Encoding: chunked\r\n', ...chunks)).body).toBe('{"got":1000}');
    expect((await post('')).body).toBe('{"got":0}');
  });

  it.each([
    ['by their length, of which nothing is sent', 'Content-Length: 1001\r\n', []],
    ['by their length', 'Content-Length: 1001\r\n', ['x'.repeat(1001)]],
    ['by a length beyond all bounds', 'Content-Length: 99999999999999\r\n', ['x']],
    ['by what is sent', 'Transfer-Encoding: chunked\r\n', [chunk(1000), chunk(1), '0\r\n\r\n']],
    ['by what is sent, without end', 'Transfer-Encoding: chunked\r\n', [chunk(5000)]],
  ])('that are too long are refused with 413 %s', async (_, headers, bytes) => {
    await open([echo]);
    const refused = await post(headers, ...bytes);
    expect(refused).toMatchObject({ status: 413, head: expect.stringMatching(/connection: close/i) });
    expect(JSON.parse(refused.body).error).toEqual({
      ...{
        code: 'too_large',
        message: 'the request body is longer than 1000 bytes',
        next: 'Send less at once.',
      },
    });
  });

  it('that are refused do not cut the answer off, though the client sends on: it was reset before', async () => {
    await open([echo]);
    const status = await new Promise((resolve, reject) => {
      const asked = request({ port: port(), method: 'POST', headers: { host: 'localhost' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once('error', reject);
      asked.end(Buffer.alloc(4 * 1024 * 1024));
    });
    expect(status).toBe(413);
  });

  it('are not taken where none is wanted', async () => {
    await open([named('/')]);
    expect((await post('Content-Length: 1\r\n', 'x')).status).toBe(413);
    expect((await post('Transfer-Encoding: chunked\r\n', chunk(1))).status).toBe(413);
    expect((await post('Content-Length: 0\r\n')).status).toBe(200);
  });

  it('may be asked for twice', async () => {
    const twice = named('/', {
      maxBodyBytes: 10,
      handle: async (exchange) => {
        await exchange.body();
        exchange.sendJson(200, { got: await exchange.json() });
      },
    });
    await open([twice]);
    expect((await post('Content-Length: 3\r\n', '[1]')).body).toBe('{"got":[1]}');
  });

  it('are waited for only if they will be read', async () => {
    await open([echo]);
    const asks = (length: number) =>
      post(`Expect: 100-continue\r\nContent-Length: ${length}\r\n`, 'x'.repeat(length));
    expect((await asks(1001)).status).toBe(413);
    expect(await asks(3)).toMatchObject({ status: 100, body: expect.stringContaining('{"got":3}') });
  });

  it('that are no JSON are refused', async () => {
    await open([
      named('/', {
        maxBodyBytes: 100,
        handle: async (exchange) => exchange.sendJson(200, { got: (await exchange.json()) ?? null }),
      }),
    ]);
    expect((await post('Content-Length: 3\r\n', '{a}')).body).toContain('the request body is not valid JSON');
    expect((await post('Content-Length: 3\r\n', '[1]')).body).toBe('{"got":[1]}');
    expect((await post('')).body).toBe('{"got":null}');
  });
});

describe('closing', () => {
  it('ends connections that are kept alive, and may be asked for twice', async () => {
    await open([named('/')], { keepAliveMs: 60_000 });
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    const ended = once(socket, 'close');
    await Promise.all([server.close(), server.close()]);
    await ended;
    const again = connect(port(), '127.0.0.1');
    const [error] = await once(again, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('lets an answer under way finish within its grace, and no longer', async () => {
    let finish = () => {};
    const begun = withResolvers();
    const slow = named('/', {
      handle: (exchange) => {
        finish = () => exchange.sendJson(200, {});
        begun.resolve();
      },
    });
    await open([slow]);
    const answered = get('/');
    await begun.promise;
    const closed = server.close(60_000);
    finish();
    expect((await answered).status).toBe(200);
    await closed;

    const again = withResolvers();
    await open([named('/', { handle: () => again.resolve() })]);
    const never = get('/');
    await again.promise;
    await server.close(20);
    expect((await never).status).toBe(0);
  });
});
