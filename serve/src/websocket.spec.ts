import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebServer } from './server.js';
import { raw } from './testing/raw.js';
import { WebSocket, WebSockets } from './websocket.js';

let server: WebServer;
let room: boolean;
beforeEach(async () => {
  room = true;
  server = await WebServer.open({ host: '127.0.0.1', port: 0 });
  const sockets = new WebSockets({
    maxMessageBytes: 100,
    hasRoom: () => room,
    connected: (socket, { path }) => socket.on('message', (data) => socket.send(`${path} ${String(data)}`)),
  });
  server.mount({
    path: '/live',
    guard: {
      host: 'addresses',
      origin: 'own',
      token: { value: 'secret', carriers: ['bearer', { cookie: 't' }] },
    },
    handle: (exchange) => exchange.send(200, 'text/plain', 'plain'),
    upgrade: sockets.upgrade,
    close: sockets.close,
  });
  server.mount({ path: '/', guard: { host: 'addresses', origin: 'own' }, handle: () => {} });
});
afterEach(() => server.close());

const authorization = 'Bearer secret';
const url = (path = '/live/x') => server.url.replace('http', 'ws') + path;

async function opened(headers: Record<string, string> = { authorization }): Promise<WebSocket> {
  const socket = new WebSocket(url(), { headers });
  await once(socket, 'open');
  return socket;
}

async function refused(headers: Record<string, string>, path?: string): Promise<number | undefined> {
  const socket = new WebSocket(url(path), { headers });
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  socket.terminate();
  return response.statusCode;
}

describe('a WebSocket', () => {
  it('is opened for who may, and for nobody else', async () => {
    for (const headers of [
      { authorization },
      { cookie: 't=secret' },
      { authorization, origin: server.url },
    ]) {
      const socket = await opened(headers);
      socket.send('hello');
      expect(String((await once(socket, 'message'))[0])).toBe('/x hello');
      socket.terminate();
    }
    expect(await refused({})).toBe(401);
    expect(await refused({ authorization: 'Bearer guess' })).toBe(401);
    expect(await refused({ authorization, origin: 'http://evil.example' })).toBe(403);
    expect(await refused({ authorization, host: 'evil.example' })).toBe(403);
    expect(await refused({ authorization }, '/elsewhere')).toBe(404);
    room = false;
    expect(await refused({ authorization })).toBe(503);
  });

  it('that says too much at once is ended', async () => {
    const socket = await opened();
    socket.send('x'.repeat(101));
    expect((await once(socket, 'close'))[0]).toBe(1009);
  });

  it('is ended with its server, also if it does not answer', async () => {
    const socket = await opened();
    const closed = once(socket, 'close');
    // This one says nothing, not even goodbye.
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const silent = raw(
      Number(new URL(server.url).port),
      `GET /live HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`,
    );
    await expect.poll(() => server.openUpgrades).toBe(2);
    await server.close();
    expect((await closed)[0]).toBe(1001);
    expect((await silent).status).toBe(101);
  });

  it('that is no WebSocket is refused', async () => {
    const answer = await raw(
      Number(new URL(server.url).port),
      `GET /live HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n`,
    );
    expect(answer.status).toBe(400);
  });
});
