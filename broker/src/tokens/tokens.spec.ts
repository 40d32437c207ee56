import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrMakeToken } from './token-file.js';
import { Tokens } from './tokens.js';

describe('tokens', () => {
  const tokens = new Tokens('the-secret-of-this-user');

  it('tell the user from the client of a connection', () => {
    expect(tokens.identify('the-secret-of-this-user')).toEqual({ kind: 'user' });
    expect(tokens.identify(tokens.forClient('abc'))).toEqual({ kind: 'client', connectionId: 'abc' });
  });

  it('of a client are good for one connection, and do not tell the secret', () => {
    const token = tokens.forClient('abc');
    expect(token).not.toContain('the-secret');
    expect(tokens.identify(token.replace('abc', 'abd'))).toBeNull();
    expect(new Tokens('another secret').identify(token)).toBeNull();
  });

  it('of a client outlive a restart of the broker', () => {
    expect(new Tokens('the-secret-of-this-user').forClient('abc')).toBe(tokens.forClient('abc'));
  });

  it.each([
    '',
    'client.',
    'client.abc',
    'client.abc.',
    'client..',
    'the-secret-of-this-use',
    'x'.repeat(100_000),
  ])('are not %j', (guess) => {
    expect(tokens.identify(guess)).toBeNull();
  });
});

describe('the token file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamlib-token-'));
    path = join(folder, 'broker.token');
  });
  const replaceByLink = (target: string) => {
    rmSync(path);
    symlinkSync(target, path);
  };
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made for this user only, at the first start, and read at the others', () => {
    const token = readOrMakeToken(path);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(path, 'utf8')).toBe(`${token}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readOrMakeToken(path)).toBe(token);
    expect(readdirSync(folder)).toEqual(['broker.token']);
  });

  it.each([
    ['that others may read', () => chmodSync(path, 0o644), 'can be read by others'],
    ['that is empty', () => writeFileSync(path, ''), 'is not a token'],
    ['that is short', () => writeFileSync(path, 'short\n'), 'is not a token'],
    ['of several lines', () => writeFileSync(path, 'a line of a text\nand another\n'), 'is not a token'],
    [
      'of letters that cannot be sent',
      () => writeFileSync(path, 'a-long-token-with-é-in-it\n'),
      'is not a token',
    ],
    ['that is a link', () => replaceByLink('/etc/hostname'), "can't be read"],
    ['that is a link to a folder', () => replaceByLink('/'), "can't be read"],
  ])('one %s is refused, and what to do is said', (_, spoil, message) => {
    readOrMakeToken(path);
    spoil();
    expect(() => readOrMakeToken(path)).toThrow(message);
  });
});
