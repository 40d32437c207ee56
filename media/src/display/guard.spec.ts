import { describe, expect, it } from 'vitest';
import { isOwnHost, isOwnOrigin } from './guard.js';

describe('isOwnHost', () => {
  it.each([
    '127.0.0.1:8080',
    '127.0.0.1',
    '[::1]:8080',
    '[::1]',
    'localhost:8080',
    'LOCALHOST',
    'app.localhost:1',
    '192.168.1.7:8080',
  ])('answers to %s', (host) => expect(isOwnHost(host, '127.0.0.1')).toBe(true));

  it.each([
    'evil.example:8080',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '',
    'a b',
    '127.0.0.1:8080:1',
    'localhost@evil.example',
    undefined,
  ])('refuses %s', (host) => expect(isOwnHost(host, '127.0.0.1')).toBe(false));

  it('answers to the name that it was told to listen on', () => {
    expect(isOwnHost('studio:8080', 'Studio')).toBe(true);
  });
});

describe('isOwnOrigin', () => {
  it('takes our page and programs without an origin', () => {
    expect(isOwnOrigin('http://127.0.0.1:8080', '127.0.0.1:8080')).toBe(true);
    expect(isOwnOrigin(undefined, '127.0.0.1:8080')).toBe(true);
  });

  it('refuses other pages, also those of the same machine', () => {
    for (const origin of [
      'http://127.0.0.1:9090',
      'https://127.0.0.1:8080',
      'http://evil.example',
      'null',
      '',
    ])
      expect(isOwnOrigin(origin, '127.0.0.1:8080'), origin).toBe(false);
  });
});
