import { describe, expect, it } from 'vitest';
import {
  type Connection,
  FramePool,
  Listener,
  type Schema,
  SharedBuffer,
  Texture,
  VideoFrame,
} from '../index.js';
import { closing, expectNoLeaks } from '../testing/leaks.js';
import { connectedPair, framePair, Inbox, turn } from '../testing/pair.js';
import { ended, startProgram, temporaryDirectory } from '../testing/program.js';

expectNoLeaks();

function loan(pool: FramePool, width = 64, height = 32): Texture {
  const texture = pool.texture(width, height);
  if (texture === null) throw new Error('the pool is exhausted');
  return texture;
}

function frameOf(texture: Texture): Record<string, unknown> {
  return { pixel_buffer: texture, timestamp_ns: 1n, frame_number: 2n };
}

function textureOf(value: Record<string, unknown>): Texture {
  if (!(value.pixel_buffer instanceof Texture)) throw new Error('no texture');
  return value.pixel_buffer;
}

function videoPair() {
  return framePair(VideoFrame);
}

describe('a pool', () => {
  it('loans textures as asked for', () => {
    const pool = closing(new FramePool());
    for (const [format, channels] of [
      ['rgb8', 3],
      ['rgba8', 4],
      ['bgra8', 4],
      ['bgr8', 3],
      ['gray8', 1],
    ] as const) {
      const texture = pool.texture(10, 6, format);
      expect(texture).toMatchObject({
        width: 10,
        height: 6,
        stride: 10 * channels,
        format,
        writable: true,
        closed: false,
      });
      expect(texture?.bytes.length).toBe(10 * 6 * channels);
      texture?.close();
    }
    const buffer = pool.buffer(1000);
    expect(buffer).toBeInstanceOf(SharedBuffer);
    expect(buffer?.bytes.length).toBe(1000);
    buffer?.close();
  });

  it('answers null when every slot is in use, and recovers after a release', () => {
    const pool = closing(new FramePool({ maxSlots: 3 }));
    const textures = [loan(pool), loan(pool), loan(pool)];
    expect(pool.texture(64, 32)).toBeNull();
    expect(pool.stats).toMatchObject({ slots: 3, free: 0, refused: 1 });
    textures.pop()?.close();
    const again = loan(pool);
    expect(pool.texture(64, 32)).toBeNull();
    again.close();
    for (const texture of textures) texture.close();
    expect(pool.stats.free).toBe(3);
  });

  it('uses the slot that was released last again, with the same view of it', () => {
    const pool = closing(new FramePool());
    const first = loan(pool);
    const { bytes } = first;
    first.close();
    const second = loan(pool);
    expect(second.bytes).toBe(bytes);
    second.close();
  });

  it('refuses sizes that make no sense', () => {
    const pool = closing(new FramePool());
    expect(() => pool.texture(0, 10)).toThrow(expect.objectContaining({ code: 'value' }));
    expect(() => pool.texture(10.5, 10)).toThrow(expect.objectContaining({ code: 'value' }));
    expect(() => pool.texture(-1, 10)).toThrow(expect.objectContaining({ code: 'value' }));
    expect(() => pool.texture(10, 10, 'yuv9' as 'rgb8')).toThrow(/yuv9/);
    expect(() => new FramePool({ maxSlots: 0 })).toThrow(expect.objectContaining({ code: 'value' }));
  });

  it('lets go of its memory only when the last loan is closed', () => {
    const pool = new FramePool();
    const texture = loan(pool);
    texture.bytes[0] = 7;
    pool.close();
    pool.close();
    expect(texture.bytes[0]).toBe(7);
    texture.close();
    expect(() => pool.texture(1, 1)).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});

describe('a handle', () => {
  it('is closed twice without harm, and unusable after', () => {
    const pool = closing(new FramePool());
    const texture = loan(pool);
    texture.close();
    texture.close();
    expect(texture.closed).toBe(true);
    const closed = expect.objectContaining({ code: 'closed' });
    expect(() => texture.bytes).toThrow(closed);
    expect(() => texture.clone()).toThrow(closed);
  });

  it('keeps the slot while a clone is open', () => {
    const pool = closing(new FramePool({ maxSlots: 1 }));
    const texture = loan(pool);
    texture.bytes[5] = 9;
    const copy = texture.clone();
    texture.close();
    expect(pool.texture(64, 32)).toBeNull();
    expect(copy.bytes[5]).toBe(9);
    expect(copy).toMatchObject({ width: 64, height: 32, format: 'rgb8' });
    copy.close();
    expect(pool.stats.free).toBe(1);
  });
});

describe('a frame', () => {
  it('crosses without a copy, and its slot comes back', async () => {
    const { sender, receiver } = await videoPair();
    const pool = closing(new FramePool());
    const texture = loan(pool);
    texture.bytes.fill(17);
    expect(sender.connection.sendFrame(0, 5, frameOf(texture))).toBe(true);
    const { port, frameId, value } = await receiver.frame();
    expect({ port, frameId }).toEqual({ port: 0, frameId: 5 });
    expect(value).toMatchObject({ timestamp_ns: 1n, frame_number: 2n });
    const received = textureOf(value);
    expect(received).toMatchObject({ width: 64, height: 32, stride: 192, format: 'rgb8', writable: false });
    expect(received.bytes.every((byte) => byte === 17)).toBe(true);

    // The same memory: what is written here shows there.
    texture.bytes[100] = 99;
    expect(received.bytes[100]).toBe(99);

    texture.close();
    expect(pool.stats.free).toBe(pool.stats.slots - 1);
    expect(sender.connection.stats.outstanding).toBe(1);
    received.close();
    await sender.until(() => pool.stats.free === pool.stats.slots);
    expect(sender.connection.stats.outstanding).toBe(0);
  });

  it('gives its slot back with the next message, with some others, or by itself after a moment', async () => {
    const { sender, receiver } = await videoPair();
    const pool = closing(new FramePool());
    const receive = async () => {
      const texture = loan(pool);
      expect(sender.connection.sendFrame(0, 1, frameOf(texture))).toBe(true);
      texture.close();
      return textureOf((await receiver.frame()).value);
    };
    const held = () => receiver.connection.stats.pendingReleases;

    (await receive()).close();
    await turn();
    // It would wake the sender for itself alone.
    expect(held()).toBe(1);
    receiver.connection.sendControl({ type: 'anything' });
    expect(held()).toBe(0);
    await sender.control();
    expect(pool.stats.free).toBe(pool.stats.slots);

    const some = [await receive(), await receive(), await receive(), await receive()];
    for (const texture of some) texture.close();
    await turn();
    expect(held()).toBe(0);

    (await receive()).close();
    await sender.until(() => pool.stats.free === pool.stats.slots);
    expect(held()).toBe(0);
  });

  it('is acknowledged by its number', async () => {
    const { sender, receiver } = await videoPair();
    const pool = closing(new FramePool());
    const texture = loan(pool);
    for (const frameId of [1, 2 ** 40]) {
      sender.connection.sendFrame(0, frameId, frameOf(texture));
      const frame = await receiver.frame();
      receiver.connection.ack(frame.port, frame.frameId);
      textureOf(frame.value).close();
    }
    texture.close();
    await sender.until(({ acks }) => acks.at(-1)?.[1] === 2 ** 40);
    expect(sender.acks[0]?.[0]).toBe(0);
  });

  it('is forwarded through two more connections in the same memory', async () => {
    const first = await videoPair();
    const second = await videoPair();
    const third = await videoPair();
    const pool = closing(new FramePool({ maxSlots: 1 }));
    const texture = loan(pool);
    first.sender.connection.sendFrame(0, 1, frameOf(texture));
    const atFirst = (await first.receiver.frame()).value;
    second.sender.connection.sendFrame(0, 1, atFirst);
    third.sender.connection.sendFrame(0, 1, atFirst);
    textureOf(atFirst).close();
    const atSecond = textureOf((await second.receiver.frame()).value);
    const atThird = textureOf((await third.receiver.frame()).value);
    texture.bytes[3] = 33;
    expect([atSecond.bytes[3], atThird.bytes[3]]).toEqual([33, 33]);

    texture.close();
    atSecond.close();
    await second.sender.until(({ connection }) => connection.stats.outstanding === 0);
    expect(pool.stats.free).toBe(0);
    atThird.close();
    await first.sender.until(() => pool.stats.free === 1);
  });

  it('that comes back to its producer is the memory it left in', async () => {
    const there = await connectedPair();
    const ports = [{ name: 'video', schema: VideoFrame }];
    for (const end of there) end.definePorts({ inputs: ports, outputs: ports });
    const [a, b] = [new Inbox(there[0]), new Inbox(there[1])];
    const pool = closing(new FramePool());
    const texture = loan(pool);
    a.connection.sendFrame(0, 1, frameOf(texture));
    const { value } = await b.frame();
    b.connection.sendFrame(0, 1, value);
    textureOf(value).close();
    const returned = textureOf((await a.frame()).value);
    expect(returned.bytes).toBe(texture.bytes);
    expect(returned.writable).toBe(false);
    texture.close();
    returned.close();
    await a.until(() => pool.stats.free === pool.stats.slots);
  });

  it('keeps its pixels although its pool was closed and its connection too', async () => {
    const pair = await framePair(VideoFrame);
    const pool = new FramePool();
    const texture = loan(pool);
    texture.bytes.fill(50);
    pair.sender.connection.sendFrame(0, 1, frameOf(texture));
    const received = textureOf((await pair.receiver.frame()).value);
    texture.close();
    pool.close();
    pair.close();
    expect(received.bytes[77]).toBe(50);
    received.close();
  });

  it('is dropped with its handles when the receiver has no handler', async () => {
    const [a, b] = await connectedPair();
    const ports = [{ name: 'video', schema: VideoFrame }];
    a.definePorts({ inputs: [], outputs: ports });
    b.definePorts({ inputs: ports, outputs: [] });
    b.start();
    const sender = new Inbox(a);
    const pool = closing(new FramePool());
    const texture = loan(pool);
    a.sendFrame(0, 1, frameOf(texture));
    texture.close();
    await sender.until(() => pool.stats.free === pool.stats.slots);
  });

  it('that does not fit the socket is refused, not queued', async () => {
    const [a, b] = await connectedPair();
    const schema: Schema = { name: 'Text', fields: [{ name: 'text', type: 'String' }] };
    a.definePorts({ inputs: [], outputs: [{ name: 'text', schema }] });
    let sent = 0;
    while (sent < 10_000 && a.sendFrame(0, sent, { text: 'x'.repeat(1000) })) sent += 1;
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(10_000);
    expect(a.stats.framesSent).toBe(sent);
    b.definePorts({ inputs: [{ name: 'text', schema }], outputs: [] });
    const receiver = new Inbox(b);
    await receiver.until(({ frames }) => frames.length === sent);
    expect(a.sendFrame(0, sent, { text: 'x' })).toBe(true);
    await receiver.until(({ frames }) => frames.length === sent + 1);
  });

  it('is not taken by a port that is not there, and the peer hears of a frame for one', async () => {
    const { sender } = await videoPair();
    expect(() => sender.connection.sendFrame(1, 1, {})).toThrow(expect.objectContaining({ code: 'value' }));
  });
});

describe('a peer that goes away', () => {
  it('gives back all that it held when it closes', async () => {
    const { sender, receiver } = await videoPair();
    const pool = closing(new FramePool({ maxSlots: 4 }));
    for (let n = 0; n < 4; n += 1) {
      const texture = loan(pool);
      sender.connection.sendFrame(0, n, frameOf(texture));
      texture.close();
    }
    await receiver.until(({ frames }) => frames.length === 4);
    expect(pool.texture(64, 32)).toBeNull();
    receiver.connection.close();
    await sender.close();
    expect(pool.stats.free).toBe(4);
    for (const { value } of receiver.frames) textureOf(value).close();
  });

  it('gives back all that it held when it is killed in the middle of a flow', async () => {
    const directory = temporaryDirectory();
    closing({ close: directory.remove });
    const path = `${directory.path}/socket`;
    const listener = closing(Listener.named(path));
    const accepted = new Promise<Connection>((resolve) => {
      listener.onConnection = resolve;
    });
    const child = startProgram(
      `const connection = b.connectNamed(process.argv[1]);
       connection.definePorts({ inputs: [{ name: 'video', schema: b.VideoFrame }], outputs: [] });
       const held = [];
       connection.onFrame = (port, frameId, value) => {
         held.push(value);
         if (held.length > 6) held.shift().pixel_buffer.close();
         connection.ack(port, frameId);
       };
       connection.start();`,
      [path],
    );
    const done = ended(child);
    const sender = new Inbox(closing(await accepted));
    sender.connection.definePorts({ inputs: [], outputs: [{ name: 'video', schema: VideoFrame }] });
    const pool = closing(new FramePool({ maxSlots: 16 }));
    let sent = 0;
    const send = () => {
      const texture = pool.texture(320, 240);
      if (texture === null) return;
      if (sender.connection.sendFrame(0, sent, frameOf(texture))) sent += 1;
      texture.close();
    };
    sender.connection.onAck = (_, frameId) => {
      send();
      if (frameId === 200) child.kill('SIGKILL');
    };
    send();
    send();
    const reason = await sender.close();
    expect(reason.code).toBe('closed');
    expect(sent).toBeGreaterThan(200);
    expect(pool.stats.free).toBe(pool.stats.slots);
    expect((await done).signal).toBe('SIGKILL');
  });
});
