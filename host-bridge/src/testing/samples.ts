import fc, { type Arbitrary } from 'fast-check';
import type { FieldType, Schema, SchemaField } from '../index.js';

/** A schema with a value of it. Texture and Buffer fields hold `{kind, size}`: what memory the test is to put there. */
export interface Sample {
  readonly schema: Schema;
  readonly value: Record<string, unknown>;
}

interface Typed {
  readonly type: FieldType;
  readonly value: unknown;
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/).filter((text) => text !== '__proto__');

function of(type: FieldType, value: Arbitrary<unknown>): Arbitrary<Typed> {
  return value.map((v) => ({ type, value: v }));
}

function handle(kind: 'texture' | 'buffer'): Arbitrary<unknown> {
  return fc.integer({ min: 1, max: 300 }).map((size) => ({ kind, size }));
}

/** Samples of all types; the values of an Array share the type that the first draw made. */
export function samples({ handles }: { handles: boolean }): Arbitrary<Sample> {
  const { typed } = fc.letrec<{ typed: Typed }>((tie) => ({
    typed: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      of('Int32', fc.integer()),
      of('Int64', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      of('UInt32', fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      of('UInt64', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      of('Float32', fc.float()),
      of('Float64', fc.double()),
      of('Bool', fc.boolean()),
      of('String', fc.string({ unit: 'binary' })),
      of('Bytes', fc.uint8Array()),
      ...(handles ? [of('Texture', handle('texture')), of('Buffer', handle('buffer'))] : []),
      fc
        .uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 4 })
        .chain((variants) => of({ Enum: variants }, fc.constantFrom(...variants))),
      tie('typed').chain(({ type, value }) =>
        fc
          .integer({ min: 0, max: 3 })
          .map((length) => ({ type: { Array: type }, value: Array(length).fill(value) })),
      ),
      tie('typed').chain(({ type, value }) =>
        fc.boolean().map((present) =>
          // An Optional of an Optional is no schema.
          typeof type === 'object' && 'Optional' in type
            ? { type, value }
            : { type: { Optional: type }, value: present ? value : null },
        ),
      ),
      fields(tie('typed')).map(({ list, value }) => ({ type: { Struct: list }, value })),
    ),
  }));
  return fields(typed).map(({ list, value }) => ({ schema: { name: 'Sample', fields: list }, value }));
}

function fields(typed: Arbitrary<Typed>): Arbitrary<{ list: SchemaField[]; value: Record<string, unknown> }> {
  return fc
    .uniqueArray(fc.tuple(name, typed), { selector: ([key]) => key, minLength: 1, maxLength: 5 })
    .map((entries) => ({
      list: entries.map(([key, { type }]) => ({ name: key, type })),
      value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
    }));
}
