import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AudioFrame,
  BoundingBox,
  decodeValue,
  encodeValue,
  type FieldType,
  FramePool,
  ObjectDetections,
  parseSchema,
  type Schema,
  SharedBuffer,
  Texture,
  VideoFrame,
} from './index.js';
import { primitiveTypes } from './schema/types.js';
import { closing, expectNoLeaks } from './testing/leaks.js';
import { framePair } from './testing/pair.js';
import { type Sample, samples, typesIn } from './testing/samples.js';

expectNoLeaks();

function oneField(type: FieldType): Schema {
  return { name: 'One', fields: [{ name: 'x', type }] };
}

describe('encoding and decoding', () => {
  it('keep every value of every type that needs no memory handle', () => {
    fc.assert(
      fc.property(samples({ handles: false }), ({ schema, value }: Sample) => {
        expect(decodeValue(schema, encodeValue(schema, value as object))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('keep every value of every type over a connection, handles among them', async () => {
    // As many as one message can introduce: 16 segments of 4 slots.
    const pool = closing(new FramePool({ maxSlots: 64 }));
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(samples({ handles: true }), async ({ schema, value }: Sample) => {
        for (const type of typesIn(schema.fields)) seen.add(type);
        fc.pre(memoryIn(value) <= 64);
        const loans: (Texture | SharedBuffer)[] = [];
        const sent = withMemory(value, (wanted) => {
          const loan = wanted.kind === 'texture' ? pool.texture(wanted.size, 2) : pool.buffer(wanted.size);
          if (loan === null) throw new Error('the pool is exhausted');
          loan.bytes.fill(wanted.size % 251);
          loans.push(loan);
          return loan;
        });
        const { sender, receiver, close } = await framePair(schema);
        try {
          expect(sender.connection.sendFrame(0, 1, sent as object)).toBe(true);
          const frame = await receiver.frame();
          const received = withHandles(frame.value, (handle) => {
            const kind = handle instanceof Texture ? ('texture' as const) : ('buffer' as const);
            const size = handle instanceof Texture ? handle.width : handle.byteLength;
            const right = handle.bytes.every((byte) => byte === size % 251);
            handle.close();
            expect(right).toBe(true);
            return { kind, size };
          });
          expect(received).toEqual(value);
        } finally {
          for (const loan of loans) loan.close();
          close();
        }
      }),
      { numRuns: 100 },
    );
    const composite = ['Array', 'Struct', 'Optional', 'Enum'];
    expect([...seen].sort()).toEqual([...primitiveTypes, ...composite].sort());
  });

  it('take an Optional that is left out as null', () => {
    const schema = oneField({ Optional: 'String' });
    expect(decodeValue(schema, encodeValue(schema, {}))).toEqual({ x: null });
    expect(decodeValue(schema, encodeValue(schema, { x: undefined }))).toEqual({ x: null });
    expect(decodeValue(schema, encodeValue(schema, { x: null }))).toEqual({ x: null });
  });

  it('know the schemas that ship with the bridge', () => {
    const box = { x: 1, y: 2.5, width: 3, height: 4, label: 'cat', confidence: 0.5 };
    expect(decodeValue(BoundingBox, encodeValue(BoundingBox, box))).toEqual(box);
    const detections = { detections: [box, box], timestamp_ns: -1n, frame_number: 2n ** 63n };
    expect(decodeValue(ObjectDetections, encodeValue(ObjectDetections, detections))).toEqual(detections);
    for (const schema of [VideoFrame, AudioFrame])
      expect(parseSchema(JSON.stringify(schema))).toEqual(schema);
  });

  it('accept whole numbers for 64-bit fields, which come back as bigint', () => {
    expect(decodeValue(oneField('Int64'), encodeValue(oneField('Int64'), { x: -3 }))).toEqual({ x: -3n });
  });
});

describe('a value that does not fit', () => {
  const refused: [type: FieldType, value: unknown, message: RegExp][] = [
    ['Int32', 2 ** 31, /2147483648.*range of Int32/],
    ['Int32', -(2 ** 31) - 1, /range of Int32/],
    ['Int32', 1.5, /Int32.*1\.5/],
    ['Int32', Number.NaN, /Int32.*NaN/],
    ['Int32', '1', /Int32.*"1"/],
    ['UInt32', -1, /range of UInt32/],
    ['UInt32', 2 ** 32, /range of UInt32/],
    ['Int64', 2n ** 63n, /range of Int64/],
    ['Int64', -(2n ** 63n) - 1n, /range of Int64/],
    ['Int64', -(2n ** 200n), /range of Int64/],
    ['Int64', 2 ** 60, /bigint/],
    ['UInt64', -1n, /range of UInt64/],
    ['UInt64', 2n ** 64n, /range of UInt64/],
    ['Float32', 1e39, /range of Float32/],
    ['Float64', 1n, /Float64/],
    ['Bool', 1, /Bool.*number 1/],
    ['String', 5, /String.*number 5/],
    ['Bytes', 'text', /Bytes.*"text"/],
    ['Bytes', [1, 2], /Bytes.*array/],
    ['Texture', {}, /Texture/],
    ['Buffer', null, /Buffer.*null/],
    [{ Array: 'Int32' }, 7, /Array/],
    [{ Enum: ['red', 'green'] }, 'blue', /red, green.*"blue"/],
    [{ Enum: ['red', 'green'] }, 0, /red, green/],
    [{ Struct: [{ name: 'y', type: 'Bool' }] }, [], /dictionary/],
  ];

  it.each(refused)('of %j: %s', (type, value, message) => {
    const error = expect.objectContaining({
      name: 'BridgeError',
      code: 'value',
      field: 'x',
      message: expect.stringMatching(message),
    });
    expect(() => encodeValue(oneField(type), { x: value })).toThrow(error);
  });

  it('is named by its path, and its port when it is sent', async () => {
    const { sender } = await framePair(ObjectDetections);
    const box = { x: 0, y: 0, width: 1, height: 1, label: 'a', confidence: 1 };
    const send = (detections: unknown[]) => () =>
      sender.connection.sendFrame(0, 1, { detections, timestamp_ns: 0n, frame_number: 0n });
    expect(send([box, { ...box, label: 5 }])).toThrow(
      expect.objectContaining({ code: 'value', port: 'port', field: 'detections[1].label' }),
    );
    const { label: _, ...incomplete } = box;
    expect(send([incomplete])).toThrow(
      expect.objectContaining({ field: 'detections[0].label', message: expect.stringContaining('missing') }),
    );
    expect(send([box, box, { ...box, colour: 'red' }])).toThrow(
      expect.objectContaining({ port: 'port', field: 'detections[2].colour' }),
    );
    expect(() =>
      sender.connection.sendFrame(0, 1, { detections: [], timestamp_ns: 0n, frame_number: 0n, extra: 1 }),
    ).toThrow(expect.objectContaining({ code: 'value', port: 'port', field: 'extra' }));
    expect(send([box])()).toBe(true);
  });

  const inner: FieldType = { Struct: [{ name: 'y', type: 'Bool' }] };
  const misspelt = { y: true, why: 1 };
  it.each<[type: FieldType, value: unknown, field: string]>([
    [inner, misspelt, 'x.why'],
    [{ Optional: inner }, misspelt, 'x.why'],
    [{ Array: { Optional: inner } }, [null, { y: false }, misspelt], 'x[2].why'],
    [{ Array: { Array: inner } }, [[], [misspelt]], 'x[1][0].why'],
    [{ Struct: [{ name: 'z', type: inner }] }, { z: misspelt }, 'x.z.why'],
  ])('because it has a field too many, of %j', (type, value, field) => {
    expect(() => encodeValue(oneField(type), { x: value })).toThrow(
      expect.objectContaining({ code: 'value', field, message: expect.stringMatching(/"x.*why".*: y$/) }),
    );
  });

  it('leaves no handle behind that was read before it', async () => {
    const { sender } = await framePair(VideoFrame);
    const pool = closing(new FramePool());
    const texture = pool.texture(8, 8);
    expect(() =>
      sender.connection.sendFrame(0, 1, { pixel_buffer: texture, timestamp_ns: 'now', frame_number: 1n }),
    ).toThrow(expect.objectContaining({ field: 'timestamp_ns' }));
    expect(sender.connection.stats.outstanding).toBe(0);
    texture?.close();
    expect(pool.stats.free).toBe(pool.stats.slots);
  });
});

describe('bytes that do not fit', () => {
  it('are refused as malformed, never read past their end', () => {
    const schema = ObjectDetections;
    const box = { x: 1, y: 2, width: 3, height: 4, label: 'cat', confidence: 0.5 };
    const good = encodeValue(schema, { detections: [box], timestamp_ns: 1n, frame_number: 2n });
    const malformed = expect.objectContaining({ code: 'malformed' });
    for (let length = 0; length < good.length; length += 1) {
      expect(() => decodeValue(schema, good.subarray(0, length))).toThrow(malformed);
    }
    expect(() => decodeValue(schema, new Uint8Array([...good, 0]))).toThrow(malformed);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => decodeValue(schema, bytes)).toThrow(malformed);
      }),
    );
  });
});

type Wanted = { readonly kind: 'texture' | 'buffer'; readonly size: number };

function isWanted(value: unknown): value is Wanted {
  return typeof value === 'object' && value !== null && 'kind' in value && 'size' in value;
}

function memoryIn(value: unknown): number {
  let count = 0;
  withMemory(value, () => {
    count += 1;
  });
  return count;
}

function withMemory(value: unknown, make: (wanted: Wanted) => unknown): unknown {
  if (isWanted(value)) return make(value);
  return mapped(value, (item) => withMemory(item, make));
}

function withHandles(value: unknown, read: (handle: Texture | SharedBuffer) => unknown): unknown {
  if (value instanceof Texture || value instanceof SharedBuffer) return read(value);
  return mapped(value, (item) => withHandles(item, read));
}

function mapped(value: unknown, map: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));
}
