import { debugCounts, FramePool, type Texture } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Broadcaster } from './broadcaster.js';
import type { EncodedFrame } from './wire.js';

/** An encoder whose work the test ends by hand; its "JPEG" is the texture's first byte. */
class SlowEncoder {
  encodings = 0;
  closed = false;
  private finishLast: (error?: Error) => void = () => {};

  encode(texture: Texture): Promise<Buffer> {
    this.encodings++;
    return new Promise((resolve, reject) => {
      this.finishLast = (error) =>
        error === undefined ? resolve(Buffer.from([texture.bytes[0] ?? 0])) : reject(error);
    });
  }

  async finish(error?: Error): Promise<void> {
    const finish = this.finishLast;
    this.finishLast = () => {};
    finish(error);
    await new Promise((resolve) => setImmediate(resolve));
  }

  close(): void {
    this.closed = true;
  }
}

class Taker {
  readonly got: number[] = [];
  readonly frames: EncodedFrame[] = [];
  busy = false;
  private last = 0;

  wants(sequence: number): boolean {
    return !this.busy && this.last < sequence;
  }

  send(frame: EncodedFrame): void {
    this.last = frame.sequence;
    this.busy = true;
    this.frames.push(frame);
    this.got.push(frame.jpeg[0] ?? -1);
  }
}

let pool: FramePool;
let encoder: SlowEncoder;
let broadcaster: Broadcaster;
const errors: Error[] = [];

beforeEach(() => {
  pool = new FramePool();
  encoder = new SlowEncoder();
  errors.length = 0;
  broadcaster = new Broadcaster(encoder, (error) => errors.push(error));
});

afterEach(async () => {
  const closing = broadcaster.close();
  await encoder.finish();
  await closing;
  pool.close();
  expect(encoder.closed).toBe(true);
  expect(debugCounts().leases).toBe(0);
});

function offer(n: number): void {
  const texture = pool.texture(8, 8);
  if (texture === null) throw new Error('no texture');
  texture.bytes.fill(n);
  broadcaster.offer({ texture, timestamp: BigInt(n), number: BigInt(n) });
}

function join(): Taker {
  const taker = new Taker();
  broadcaster.add(taker);
  return taker;
}

describe('Broadcaster', () => {
  it('encodes nothing when nobody watches, and keeps one frame only', () => {
    for (let n = 1; n <= 20; n++) offer(n);
    expect(encoder.encodings).toBe(0);
    expect(debugCounts().leases).toBe(1);
  });

  it('encodes once for all who watch', async () => {
    const takers = [join(), join(), join()];
    offer(7);
    await encoder.finish();
    expect(encoder.encodings).toBe(1);
    expect(takers.map((taker) => taker.got)).toEqual([[7], [7], [7]]);
    expect(takers[0]?.frames[0]?.jpeg).toBe(takers[1]?.frames[0]?.jpeg);
  });

  it('gives a slow one the newest frame when it is ready, and does not hold the others up', async () => {
    const [slow, fast] = [join(), join()];
    offer(1);
    await encoder.finish();
    for (const n of [2, 3, 4]) {
      fast.busy = false;
      offer(n);
      await encoder.finish();
    }
    expect(slow.got).toEqual([1]);
    expect(fast.got).toEqual([1, 2, 3, 4]);
    slow.busy = false;
    broadcaster.serve();
    expect(slow.got).toEqual([1, 4]);
    expect(slow.frames.map(({ sequence }) => sequence)).toEqual([1, 4]);
    expect(encoder.encodings).toBe(4);
  });

  it('goes over to the newest of the frames that came while it was encoding', async () => {
    const taker = join();
    offer(1);
    for (const n of [2, 3]) offer(n);
    await encoder.finish();
    expect(taker.got).toEqual([1]);
    taker.busy = false;
    broadcaster.serve();
    await encoder.finish();
    expect(taker.got).toEqual([1, 3]);
  });

  it('shows the last frame to one who comes late', async () => {
    offer(5);
    const taker = join();
    await encoder.finish();
    expect(taker.got).toEqual([5]);
  });

  it('serves nobody who has gone', async () => {
    const taker = join();
    offer(1);
    broadcaster.remove(taker);
    await encoder.finish();
    expect(taker.got).toEqual([]);
  });

  it('makes a snapshot of the newest frame, once', async () => {
    expect(await broadcaster.snapshot()).toBeNull();
    offer(9);
    const first = broadcaster.snapshot();
    await encoder.finish();
    expect((await first)?.jpeg[0]).toBe(9);
    expect((await broadcaster.snapshot())?.number).toBe(9n);
    expect(encoder.encodings).toBe(1);
  });

  it('tells a failure once, and goes on with the next frame', async () => {
    const taker = join();
    for (const n of [1, 2]) {
      offer(n);
      await encoder.finish(new Error('no'));
    }
    expect(errors.map(({ message }) => message)).toEqual(['no']);
    offer(3);
    await encoder.finish();
    expect(taker.got).toEqual([3]);
  });
});
