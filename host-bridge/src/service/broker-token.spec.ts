import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { brokerToken, brokerTokenFile, isBrokerToken } from '../index.js';

const secret = '6ANap-a-secret-of-this-user';
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'streamlib-token-'));
  vi.stubEnv('STREAMLIB_HOME', home);
  vi.stubEnv('STREAMLIB_BROKER_TOKEN', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const sources: [string, (text: string) => void, () => string][] = [
  ['the variable', (text) => vi.stubEnv('STREAMLIB_BROKER_TOKEN', text), () => 'STREAMLIB_BROKER_TOKEN'],
  ['the file', (text) => writeFileSync(brokerTokenFile(), text), () => join(home, 'broker.token')],
];

function thrown(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe.each(sources)("the broker's token in %s", (_, put, source) => {
  it.each([`${secret}\n`, `  ${secret}\r\n`, secret])('is read without what surrounds it: %j', (text) => {
    put(text);
    expect(brokerToken('127.0.0.1:1')).toBe(secret);
  });

  it.each([
    ['an inner newline', `${secret}\nand-more`],
    ['a letter that is no ASCII', `${secret}é`],
    ['binary garbage', `${secret}\x01\x02`],
    ['a space', `${secret} and`],
    ['no end', secret.repeat(100)],
  ])('that holds %s was printed in clear: its source is named, never its value', (__, text) => {
    put(text);
    const error = thrown(() => brokerToken('127.0.0.1:1'));
    expect(error).toMatchObject({ code: 'bad_token', message: expect.stringContaining(source()) });
    expect(JSON.stringify([error.message, error.stack, error.cause ?? ''])).not.toContain('6ANap');
  });

  it('that is blank is none', () => {
    put(' \n');
    expect(brokerToken('127.0.0.1:1')).toBeNull();
  });
});

it('tells what a token can be', () => {
  expect(isBrokerToken('!~')).toBe(true);
  for (const text of ['', ' ', 'a b', 'é', '\x7f']) expect(isBrokerToken(text)).toBe(false);
});
