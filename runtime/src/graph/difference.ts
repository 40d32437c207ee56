import type { Schema } from '@streamlib/host-bridge';

/** Where two schemas of the same name differ; empty when their names already tell them apart. */
export function describeDifference(from: Schema, to: Schema): string {
  if (from.name !== to.name) return '';
  const theirs = new Map(to.fields.map((field) => [field.name, JSON.stringify(field.type)]));
  for (const field of from.fields) {
    const type = theirs.get(field.name);
    if (type === undefined) return ` without the field "${field.name}"`;
    if (type !== JSON.stringify(field.type))
      return ` whose field "${field.name}" is ${type}, not ${JSON.stringify(field.type)}`;
    theirs.delete(field.name);
  }
  const [missing] = theirs.keys();
  return missing === undefined
    ? ' with its fields in another order'
    : ` that has a further field "${missing}"`;
}
