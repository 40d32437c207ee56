import { describe, expect, it } from 'vitest';
import { type Headers, hasToken, sameSecret, type TokenCarrier } from './token.js';

const value = 'a-token_of-43-characters';

describe('a token', () => {
  const everywhere: readonly TokenCarrier[] = ['bearer', { header: 'X-Token' }, { cookie: 'session' }];

  it.each<[string, Headers, boolean]>([
    ['absent', {}, false],
    ['right', { authorization: [`Bearer ${value}`] }, true],
    ['right, the scheme in another case', { authorization: [`bearer ${value}`] }, true],
    ['right, after two spaces', { authorization: [`Bearer  ${value}`] }, true],
    ['wrong', { authorization: ['Bearer a-token_of-43-characterz'] }, false],
    ['too short', { authorization: ['Bearer a'] }, false],
    ['too long', { authorization: [`Bearer ${value}x`] }, false],
    ['in another case', { authorization: [`Bearer ${value.toUpperCase()}`] }, false],
    ['empty', { authorization: ['Bearer '] }, false],
    ['without its scheme', { authorization: [value] }, false],
    ['of another scheme', { authorization: [`Basic ${value}`] }, false],
    ['twice in one header', { authorization: [`Bearer ${value} ${value}`] }, false],
    ['twice in one header, with a comma', { authorization: [`Bearer ${value}, Bearer ${value}`] }, false],
    ['in two headers', { authorization: [`Bearer ${value}`, `Bearer ${value}`] }, false],
    ['right, then wrong', { authorization: [`Bearer ${value}`, 'Bearer x'] }, false],
    ['wrong, then right', { authorization: ['Bearer x', `Bearer ${value}`] }, false],
    ['in a header that is not asked for', { 'x-token': [value], cookie: [`session=${value}`] }, false],
  ])('%s', (_, headers, accepted) => {
    expect(hasToken(headers, { value })).toBe(accepted);
  });

  it.each<[string, Headers, boolean]>([
    ['in its header', { 'x-token': [value] }, true],
    ['in its cookie', { cookie: [`a=b; session=${value}; c=d`] }, true],
    ['in a cookie whose name only ends like it', { cookie: [`xsession=${value}`] }, false],
    ['wrong in its cookie', { cookie: ['session=x'] }, false],
    ['in two cookies', { cookie: [`session=${value}; session=${value}`] }, false],
    ['by two ways', { authorization: [`Bearer ${value}`], cookie: [`session=${value}`] }, false],
    ['right by one way and wrong by another', { authorization: ['Bearer x'], 'x-token': [value] }, false],
  ])('%s, where all ways are open', (_, headers, accepted) => {
    expect(hasToken(headers, { value, carriers: everywhere })).toBe(accepted);
  });

  it('that is empty opens nothing', () => {
    expect(hasToken({ 'x-token': [''] }, { value: '', carriers: everywhere })).toBe(false);
    expect(hasToken({ authorization: ['Bearer '] }, { value: '' })).toBe(false);
  });

  it('is compared whatever its length', () => {
    expect(sameSecret('a', 'a')).toBe(true);
    expect(sameSecret('a', 'ab')).toBe(false);
    expect(sameSecret('', 'a')).toBe(false);
  });
});
