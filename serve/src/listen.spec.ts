import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebServer } from './server.js';
import { raw } from './testing/raw.js';

const open: WebServer[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-serve-'));
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(at: Parameters<typeof WebServer.open>[0]): Promise<WebServer> {
  const server = await WebServer.open(at);
  open.push(server);
  return server.mount({
    path: '/',
    guard: { host: 'socket' in at ? 'any' : 'addresses', origin: 'any' },
    handle: (exchange) => exchange.send(200, 'text/plain', 'here'),
  });
}

const ASK = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

describe('a port', () => {
  it.each([
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/localhost:\d+$/],
    ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/],
  ])('of %s is told as one that can be asked', async (host, url) => {
    const server = await listen({ host, port: 0 });
    expect(server.url).toMatch(url);
    expect(await (await fetch(server.url)).text()).toBe('here');
  });

  it('that is in use is told, with what to do', async () => {
    const port = Number(new URL((await listen({ host: '127.0.0.1', port: 0 })).url).port);
    await expect(listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      name: 'ListenError',
      code: 'in_use',
      message: `port ${port} of 127.0.0.1 is in use by another program`,
      next: 'Choose another port, or 0 for any that is free.',
      cause: expect.objectContaining({ code: 'EADDRINUSE' }),
    });
  });

  it('of an address that is not of this machine is told', async () => {
    await expect(listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'no_such_address',
      message: '"192.0.2.1" is not an address or a name of this machine',
    });
  });
});

describe('a socket file', () => {
  const path = () => join(folder, 'private', 'face.sock');

  it('is for this user only, in a folder for this user only, and goes with its server', async () => {
    const server = await listen({ socket: path() });
    expect(server.url).toBe(`unix:${path()}`);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o700);
    expect((await raw(path(), ASK)).status).toBe(200);
    await server.close();
    expect(existsSync(path())).toBe(false);
  });

  it('that a killed program left is replaced', async () => {
    mkdirSync(join(folder, 'private'), { mode: 0o700 });
    const listens = `require('node:net').createServer().listen(${JSON.stringify(path())}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listens]);
    expect(existsSync(path())).toBe(true);
    await listen({ socket: path() });
    expect((await raw(path(), ASK)).status).toBe(200);
  });

  it('at which another server listens is left alone', async () => {
    await listen({ socket: path() });
    await expect(listen({ socket: path() })).rejects.toMatchObject({
      code: 'in_use',
      message: `another program listens at ${path()}`,
    });
    expect((await raw(path(), ASK)).status).toBe(200);
  });

  it('takes the place of no file and of no link', async () => {
    mkdirSync(join(folder, 'private'), { mode: 0o700 });
    writeFileSync(path(), 'precious');
    await expect(listen({ socket: path() })).rejects.toMatchObject({ code: 'in_use' });
    rmSync(path());
    symlinkSync(join(folder, 'elsewhere'), path());
    await expect(listen({ socket: path() })).rejects.toMatchObject({
      code: 'in_use',
      message: `${path()} exists and is not a socket`,
    });
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
  });

  it('is not made where others may write', async () => {
    mkdirSync(join(folder, 'private'));
    chmodSync(join(folder, 'private'), 0o777);
    await expect(listen({ socket: path() })).rejects.toMatchObject({
      code: 'unsafe_folder',
      next: 'Choose a folder of this user only (mode 0700).',
    });
    expect(existsSync(path())).toBe(false);
  });

  it('with a path that Node would cut off is refused', async () => {
    const long = join(folder, 'x'.repeat(120));
    await expect(listen({ socket: long })).rejects.toMatchObject({ code: 'path_too_long' });
  });
});
