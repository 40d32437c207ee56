import { FramePool, type Texture } from '@streamlib/host-bridge';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DescriptorLimit } from '../../../../host-bridge/src/testing/descriptors.js';
import { silentLogger } from '../../testing/logger.js';
import { Loans } from './loans.js';

let descriptors: DescriptorLimit;
let pool: FramePool;
beforeEach(() => {
  descriptors = new DescriptorLimit();
  pool = new FramePool();
});
afterEach(() => {
  pool.close();
  descriptors.close();
});

it('a frame that the system refuses is dropped, not the end of who asks, and the next may be had', async () => {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const loans = new Loans(() => pool, log);
  const textures: (Texture | null)[] = [];
  await descriptors.starve(() => {
    for (let n = 0; n < 3; n++) textures.push(loans.texture(320, 240));
  });
  expect(textures).toEqual([null, null, null]);
  expect(told).toEqual([expect.stringMatching(/no memory for a frame.*raise its limits/)]);
  const texture = loans.texture(320, 240);
  expect(texture?.width).toBe(320);
  texture?.close();
});

it('what is wrong with the question is an error still', () => {
  const loans = new Loans(() => pool, silentLogger);
  expect(() => loans.texture(0, 240)).toThrow();
});
