import { describe, expect, it } from 'vitest';
import { FramePool, Texture, VideoFrame } from '../index.js';
import { closing, expectNoLeaks, settled } from '../testing/leaks.js';
import { framePair, type Inbox } from '../testing/pair.js';

expectNoLeaks();

async function pass(pool: FramePool, sender: Inbox, receiver: Inbox, width: number): Promise<void> {
  const texture = pool.texture(width, 64);
  if (texture === null) throw new Error('the pool is exhausted');
  texture.bytes.fill(1);
  const frame = { pixel_buffer: texture, timestamp_ns: 1n, frame_number: BigInt(width) };
  expect(sender.connection.sendFrame(0, width, frame)).toBe(true);
  texture.close();
  const { value } = await receiver.frame();
  if (!(value.pixel_buffer instanceof Texture)) throw new Error('no texture');
  expect(value.pixel_buffer.bytes[0]).toBe(1);
  value.pixel_buffer.close();
  receiver.connection.flush();
  await sender.until(() => sender.connection.stats.outstanding === 0);
}

describe('memory that a producer gave up', () => {
  it('is unmapped on both sides although views of it were made, as frames grow', async () => {
    const { sender, receiver } = await framePair(VideoFrame);
    const pool = closing(new FramePool({ maxSlots: 4 }));
    const before = settled().mappings;
    for (let n = 0; n < 11; n++) await pass(pool, sender, receiver, 16 << n);
    await receiver.until(() => receiver.connection.stats.imported <= 4);
    // The newest may be held by its views until the next comes.
    await expect.poll(() => settled().mappings - before, { interval: 5 }).toBeLessThanOrEqual(2 * 5);
  });

  it('is told to a peer to which nothing else is owed', async () => {
    const { sender, receiver } = await framePair(VideoFrame);
    for (let n = 0; n < 3; n++) {
      const pool = new FramePool();
      await pass(pool, sender, receiver, 64);
      pool.close();
    }
    await receiver.until(() => receiver.connection.stats.imported === 0);
  });
});
