import { describe, expect, it } from 'vitest';
import { type GuardRules, refusalOf } from './guard.js';
import type { HostRule } from './host.js';
import type { OriginRule } from './origin.js';

interface Asked {
  readonly target?: string;
  readonly host?: readonly string[];
  readonly origin?: readonly string[];
  readonly authorization?: readonly string[];
}

function codeOf(asked: Asked, rules: Partial<GuardRules> = {}, listeningOn: string | null = '127.0.0.1') {
  const { target = '/', ...headers } = asked;
  const refusal = refusalOf(
    { target, headers: { host: ['127.0.0.1:8080'], ...headers } },
    { host: 'loopback', origin: 'none', ...rules },
    listeningOn,
  );
  return refusal?.code ?? null;
}

/** What each rule says to a name. */
const HOSTS: readonly (readonly [host: string, loopback: boolean, addresses: boolean])[] = [
  ['127.0.0.1', true, true],
  ['127.0.0.1:8080', true, true],
  ['[::1]', true, true],
  ['[::1]:8080', true, true],
  ['localhost', true, true],
  ['localhost:8080', true, true],
  // Another port than the server's: a tunnel, or a container.
  ['localhost:1', true, true],
  ['LOCALHOST:8080', true, true],
  ['LocalHost', true, true],
  // Addresses of this machine or another: nobody can point a name of theirs at the first, and the second is not asked.
  ['192.168.1.7:8080', false, true],
  ['[fe80::1]:8080', false, true],
  ['[::ffff:127.0.0.1]', false, true],
  ['127.0.0.2', false, true],
  ['app.localhost:1', false, true],
  // Names of others.
  ['evil.example', false, false],
  ['evil.example:8080', false, false],
  ['localhost.evil.example', false, false],
  ['127.0.0.1.evil.example', false, false],
  ['localhostx', false, false],
  ['xlocalhost', false, false],
  // A user's name before the host.
  ['localhost@evil.example', false, false],
  ['evil.example@localhost', false, false],
  ['user:word@127.0.0.1', false, false],
  // A trailing dot makes another name of it.
  ['localhost.', false, false],
  ['localhost.:8080', false, false],
  ['127.0.0.1.', false, false],
  ['app.localhost.', false, false],
  // The unspecified address.
  ['0.0.0.0', false, false],
  ['0.0.0.0:8080', false, false],
  ['[::]', false, false],
  ['[::]:8080', false, false],
  ['[0:0:0:0:0:0:0:0]', false, false],
  // 127.0.0.1 as a decimal, octal, hexadecimal and short number: browsers write it out before they ask.
  ['2130706433', false, false],
  ['0177.0.0.1', false, false],
  ['0x7f.0.0.1', false, false],
  ['0x7f000001', false, false],
  ['127.1', false, false],
  ['127.0.0.01', false, false],
  // Other scripts, written out or not.
  ['xn--lclhost-5ya9b.example', false, false],
  ['xn--localhost-', false, false],
  ['1２7.0.0.1', false, false],
  ['lоcalhost', false, false],
  // Not of the form.
  ['', false, false],
  [' ', false, false],
  ['a b', false, false],
  ['localhost ', false, false],
  ['localhost/', false, false],
  ['localhost#', false, false],
  ['localhost,evil.example', false, false],
  ['http://localhost', false, false],
  ['localhost:', false, false],
  ['localhost:port', false, false],
  ['localhost:-1', false, false],
  ['localhost:65536', false, false],
  ['localhost:123456', false, false],
  ['127.0.0.1:8080:1', false, false],
  ['::1', false, false],
  ['[::1', false, false],
  ['::1]', false, false],
  ['[127.0.0.1]', false, false],
  ['[localhost]', false, false],
  ['[::1]x', false, false],
  ['[fe80::1%25lo]', false, false],
  ['[fe80::1%lo]', false, false],
  ['[:::1]', false, false],
];

describe('the Host header', () => {
  describe.each([
    ['loopback', 1],
    ['addresses', 2],
  ] as const)('where the rule is %s', (rule, column) => {
    it.each(HOSTS.map((row) => [row[0], row[column]] as const))('%j is answered: %s', (host, answered) => {
      expect(codeOf({ host: [host] }, { host: rule })).toBe(answered ? null : 'wrong_host');
    });
  });

  it.each(HOSTS)('%j is not looked at where no browser can ask', (host) => {
    expect(codeOf({ host: [host] }, { host: 'any' }, null)).toBeNull();
  });

  it.each(['loopback', 'addresses'] as const)('must be there (%s)', (host) => {
    expect(codeOf({ host: [] }, { host })).toBe('wrong_host');
  });

  it.each(['any', 'loopback', 'addresses'] as const)('must be there once (%s)', (host) => {
    expect(codeOf({ host: ['127.0.0.1', '127.0.0.1'] }, { host })).toBe('bad_request');
    expect(codeOf({ host: ['127.0.0.1', 'evil.example'] }, { host })).toBe('bad_request');
  });

  it('may have a name that was given, in any case, with any port, and none like it', () => {
    const rules = { host: 'loopback', names: ['Studio.lan'] } as const;
    for (const host of ['studio.lan', 'STUDIO.LAN:8443']) expect(codeOf({ host: [host] }, rules)).toBeNull();
    for (const host of ['studio', 'x.studio.lan', 'studio.lan.', 'studiozlan'])
      expect(codeOf({ host: [host] }, rules), host).toBe('wrong_host');
  });

  it.each([
    ['Studio', 'studio:8080'],
    ['0.0.0.0', '0.0.0.0:8080'],
    ['::', '[::]:8080'],
    ['192.168.1.7', '192.168.1.7:8080'],
  ])('may have what the server listens on: %s', (listeningOn, host) => {
    expect(codeOf({ host: [host] }, { host: 'loopback' }, listeningOn)).toBeNull();
  });
});

describe('the Origin header', () => {
  const HOST = '127.0.0.1:8080';
  /** What each rule says to a page. */
  const ORIGINS: readonly (readonly [origin: string, own: boolean])[] = [
    [`http://${HOST}`, true],
    ['HTTP://127.0.0.1:8080', true],
    ['http://127.0.0.1:9090', false],
    ['http://127.0.0.1', false],
    [`https://${HOST}`, false],
    ['http://localhost:8080', false],
    ['http://evil.example', false],
    [`http://${HOST}.evil.example`, false],
    [`http://${HOST}@evil.example`, false],
    [`http://evil.example/${HOST}`, false],
    [`http://${HOST}/`, false],
    [`http://${HOST}, http://evil.example`, false],
    ['chrome-extension://abcdefgh', false],
    ['file://', false],
    ['null', false],
    ['', false],
  ];

  describe.each(ORIGINS)('%j', (origin, own) => {
    it.each([
      ['any', true],
      ['own', own],
      ['none', false],
    ] as const)(`to the rule %s is allowed: %s`, (rule, allowed) => {
      for (const host of ['loopback', 'addresses', 'any'] as const)
        expect(codeOf({ host: [HOST], origin: [origin] }, { host, origin: rule })).toBe(
          allowed ? null : 'wrong_origin',
        );
    });
  });

  it.each(['any', 'own', 'none'] as const)('may be absent, and be there once (%s)', (origin) => {
    expect(codeOf({ origin: [] }, { origin })).toBeNull();
    expect(codeOf({ origin: [`http://${HOST}`, `http://${HOST}`] }, { origin })).toBe('bad_request');
  });

  it('helps nobody whose Host is wrong, not even if both name the same', () => {
    expect(
      codeOf(
        { host: ['evil.example'], origin: ['http://evil.example'] },
        { host: 'addresses', origin: 'own' },
      ),
    ).toBe('wrong_host');
  });

  it('may be written in another case than the Host', () => {
    expect(
      codeOf({ host: ['LOCALHOST:1'], origin: ['http://localhost:1'] }, { host: 'loopback', origin: 'own' }),
    ).toBeNull();
  });
});

describe('the request target', () => {
  it.each([
    'http://evil.example/',
    'http://127.0.0.1:8080/',
    'HTTP://127.0.0.1:8080/metrics',
    'evil.example:80',
    '*',
    '',
    'metrics',
    '\\\\evil.example\\x',
  ])('%j is no path, and is refused whatever else is right', (target) => {
    for (const host of ['any', 'loopback', 'addresses'] satisfies HostRule[])
      for (const origin of ['any', 'own', 'none'] satisfies OriginRule[])
        expect(codeOf({ target }, { host, origin })).toBe('bad_request');
  });

  it.each(['/', '//evil.example/', '/a?b=http://c', '/%2e%2e/'])('%j is a path', (target) => {
    expect(codeOf({ target })).toBeNull();
  });
});

describe('the order of the checks', () => {
  const token = { value: 'secret' };
  it('says nothing about the token to a page, or under a wrong name', () => {
    expect(codeOf({ host: ['evil.example'] }, { token })).toBe('wrong_host');
    expect(codeOf({ origin: ['http://evil.example'] }, { token })).toBe('wrong_origin');
    expect(codeOf({ host: ['evil.example'], authorization: ['Bearer secret'] }, { token })).toBe(
      'wrong_host',
    );
    expect(codeOf({}, { token })).toBe('unauthorized');
    expect(codeOf({ authorization: ['Bearer secret'] }, { token })).toBeNull();
  });

  it('says how to send the token', () => {
    const facts = { target: '/', headers: { host: ['localhost'] } };
    const refusal = refusalOf(
      facts,
      { host: 'loopback', origin: 'none', token: { value: 'x', hint: 'the word' } },
      null,
    );
    expect(refusal).toMatchObject({
      status: 401,
      next: 'Send the word.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  });
});
