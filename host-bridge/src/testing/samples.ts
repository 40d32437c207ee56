import fc, { type Arbitrary } from 'fast-check';
import type { FieldType, Schema, SchemaField } from '../index.js';

/** A schema with a value of it. Texture and Buffer fields hold `{kind, size}`: what memory the test is to put there. */
export interface Sample {
  readonly schema: Schema;
  readonly value: unknown;
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/).filter((text) => text !== '__proto__');

/** Samples of all types. */
export function samples({ handles }: { handles: boolean }): Arbitrary<Sample> {
  const { type } = fc.letrec<{ type: FieldType }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom<FieldType>('Int32', 'Int64', 'UInt32', 'UInt64', 'Float32', 'Float64'),
      fc.constantFrom<FieldType>('Bool', 'String', 'Bytes'),
      ...(handles ? [fc.constantFrom<FieldType>('Texture', 'Buffer')] : []),
      fc
        .uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 4 })
        .map((variants) => ({ Enum: variants })),
      tie('type').map((inner) => ({ Array: inner })),
      // An Optional of an Optional is no schema.
      tie('type').map((inner) => (isOptional(inner) ? inner : { Optional: inner })),
      fieldsOf(tie('type')).map((fields) => ({ Struct: fields })),
    ),
  }));
  return fieldsOf(type).chain((fields) =>
    valuesOf({ Struct: fields }).map((value) => ({ schema: { name: 'Sample', fields }, value })),
  );
}

function fieldsOf(type: Arbitrary<FieldType>): Arbitrary<SchemaField[]> {
  return fc.uniqueArray(fc.record({ name, type }, { noNullPrototype: true }), {
    selector: (field) => field.name,
    minLength: 1,
    maxLength: 5,
  });
}

function isOptional(type: FieldType): boolean {
  return typeof type === 'object' && 'Optional' in type;
}

function memory(kind: 'texture' | 'buffer'): Arbitrary<unknown> {
  return fc.integer({ min: 1, max: 300 }).map((size) => ({ kind, size }));
}

function valuesOf(type: FieldType): Arbitrary<unknown> {
  if (typeof type === 'object') {
    if ('Enum' in type) return fc.constantFrom(...type.Enum);
    if ('Array' in type) return fc.array(valuesOf(type.Array), { maxLength: 3 });
    if ('Optional' in type) return fc.option(valuesOf(type.Optional));
    const entries = type.Struct.map((field) => [field.name, valuesOf(field.type)] as const);
    return fc.record(Object.fromEntries(entries), { noNullPrototype: true });
  }
  switch (type) {
    case 'Int32':
      return fc.integer();
    case 'Int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'UInt32':
      return fc.nat().chain((low) => fc.constantFrom(low, 2 ** 32 - 1 - low));
    case 'UInt64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case 'Float32':
      return fc.float();
    case 'Float64':
      return fc.double();
    case 'Bool':
      return fc.boolean();
    case 'String':
      return fc.string({ unit: 'binary' });
    case 'Bytes':
      return fc.uint8Array();
    case 'Texture':
      return memory('texture');
    case 'Buffer':
      return memory('buffer');
  }
}

/** Every type that a schema names, Struct and the like by their key. */
export function typesIn(fields: readonly SchemaField[]): string[] {
  return fields.flatMap(({ type }) => namesOf(type));
}

function namesOf(type: FieldType): string[] {
  if (typeof type === 'string') return [type];
  if ('Enum' in type) return ['Enum'];
  if ('Array' in type) return ['Array', ...namesOf(type.Array)];
  if ('Optional' in type) return ['Optional', ...namesOf(type.Optional)];
  return ['Struct', ...typesIn(type.Struct)];
}
