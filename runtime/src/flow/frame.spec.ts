import { debugCounts, FramePool, type Schema, Texture, VideoFrame } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Frame } from './frame.js';
import { type Handle, HandleFields } from './handles.js';
import { OutputPort, type Reader } from './output-port.js';

const video = new HandleFields(VideoFrame);
let pool: FramePool;
let before: ReturnType<typeof debugCounts>;

beforeEach(() => {
  before = debugCounts();
  pool = new FramePool({ maxSlots: 4 });
});
afterEach(() => {
  pool.close();
  expect(debugCounts()).toEqual(before);
});

function texture(): Texture {
  const loaned = pool.texture(8, 8);
  if (loaned === null) throw new Error('the pool is exhausted');
  return loaned;
}

function frame(): Frame {
  return new Frame({ pixel_buffer: texture(), timestamp_ns: 0n, frame_number: 0n }, video);
}

describe('Frame', () => {
  it('closes its handles when the last reader lets go', () => {
    const shared = frame();
    const handle = shared.value.pixel_buffer as Texture;
    shared.retain();
    shared.release();
    expect(handle.closed).toBe(false);
    shared.release();
    expect(handle.closed).toBe(true);
    expect(() => shared.release()).toThrow('released more often');
  });

  it('lends the only reader the frame itself, several a handle each', () => {
    const alone = frame();
    expect(alone.lend()).toBe(alone.value);
    alone.takeBack(alone.value);

    const shared = frame().retain();
    const lent = shared.lend();
    (lent.pixel_buffer as Texture).close();
    expect((shared.value.pixel_buffer as Texture).closed).toBe(false);
    shared.takeBack(lent);
    shared.release();
  });

  it('finds handles at any depth', () => {
    const schema: Schema = {
      name: 'Deep',
      fields: [
        { name: 'list', type: { Array: 'Texture' } },
        { name: 'inner', type: { Struct: [{ name: 'maybe', type: { Optional: 'Texture' } }] } },
        { name: 'text', type: 'String' },
      ],
    };
    const fields = new HandleFields(schema);
    const [a, b, c] = [texture(), texture(), texture()];
    const value = { list: [a, b], inner: { maybe: c }, text: 'x' };
    const seen: Handle[] = [];
    fields.each(value, (handle) => seen.push(handle));
    expect(seen).toEqual([a, b, c]);
    const adopted = fields.adopt(value, (handle) => handle === a);
    expect((adopted.list as Texture[])[0]).toBe(a);
    expect((adopted.list as Texture[])[1]).not.toBe(b);
    fields.close(adopted);
    expect([a.closed, b.closed, c.closed]).toEqual([true, false, false]);
    fields.close(value);
    expect([b.closed, c.closed]).toEqual([true, true]);
    fields.close({ list: null, inner: null, text: 'x' });
  });
});

describe('OutputPort', () => {
  it('hands a frame to every reader without a copy, and closes it after the last', () => {
    const port = new OutputPort('video', VideoFrame);
    const held: Frame[] = [];
    const keeping: Reader = { lossless: false, full: false, offer: (item) => held.push(item) };
    const dropping: Reader = { lossless: false, full: false, offer: (item) => item.release() };
    for (const reader of [dropping, keeping, dropping, keeping]) port.connect(reader);
    const shared = frame();
    port.route(shared);
    expect(held).toEqual([shared, shared]);
    const handle = shared.value.pixel_buffer as Texture;
    held[0]?.release();
    expect(handle.closed).toBe(false);
    held[1]?.release();
    expect(handle.closed).toBe(true);
  });

  it('lets go at once of what nobody reads', () => {
    const port = new OutputPort('video', VideoFrame);
    const alone = frame();
    port.route(alone);
    expect((alone.value.pixel_buffer as Texture).closed).toBe(true);
    expect(alone.value.pixel_buffer).toBeInstanceOf(Texture);
  });
});
