import { describe, expect, it } from 'vitest';
import { nameOf, refOf, sameRef } from './ref.js';

describe('a reference to a port', () => {
  it.each([
    ['camera.video', 'camera', 'video'],
    ['camera', 'camera', ''],
    ['camera.', 'camera', ''],
    ['a.b.c', 'a', 'b.c'],
    ['', '', ''],
  ])('%j', (text, node, port) => {
    expect(refOf(text)).toEqual({ node, port });
  });

  it('is written as it was read', () => {
    expect(nameOf(refOf('camera.video'))).toBe('camera.video');
    expect(sameRef(refOf('a.b'), { node: 'a', port: 'b' })).toBe(true);
    expect(sameRef(refOf('a.b'), refOf('a'))).toBe(false);
  });
});
