import { type FieldType, type Schema, SharedBuffer, Texture } from '@streamlib/host-bridge';
import type { FrameValue } from '@streamlib/processor';

export type Handle = Texture | SharedBuffer;

export function isHandle(value: unknown): value is Handle {
  return value instanceof Texture || value instanceof SharedBuffer;
}

/** The fields of a schema that hold handles at any depth, found once; most schemas have none or one. */
export class HandleFields {
  private readonly fields: readonly { readonly name: string; readonly direct: boolean }[];

  constructor(schema: Schema) {
    this.fields = schema.fields
      .filter((field) => holdsHandle(field.type))
      .map((field) => ({ name: field.name, direct: typeof field.type === 'string' }));
  }

  get none(): boolean {
    return this.fields.length === 0;
  }

  close(value: FrameValue): void {
    for (const { name, direct } of this.fields) {
      const held = value[name];
      if (direct && isHandle(held)) held.close();
      else visit(held, (handle) => handle.close());
    }
  }

  each(value: FrameValue, act: (handle: Handle) => void): void {
    for (const { name } of this.fields) visit(value[name], act);
  }

  /** The frame with a clone of each handle that `taken` does not claim; the very same object when all are taken. */
  adopt(value: FrameValue, taken: (handle: Handle) => boolean): FrameValue {
    if (this.none) return value;
    const [only, ...others] = this.fields;
    if (only?.direct && others.length === 0) {
      const handle = value[only.name];
      if (!isHandle(handle) || taken(handle)) return value;
      return { ...value, [only.name]: handle.clone() };
    }
    return this.map(value, (handle) => (taken(handle) ? handle : handle.clone()));
  }

  /** The same frame with each handle replaced by `replace`; everything else is shared. */
  map(value: FrameValue, replace: (handle: Handle) => Handle): FrameValue {
    if (this.none) return value;
    const copy: Record<string, unknown> = { ...value };
    for (const { name } of this.fields) copy[name] = mapped(value[name], replace);
    return copy;
  }
}

function holdsHandle(type: FieldType): boolean {
  if (typeof type === 'string') return type === 'Texture' || type === 'Buffer';
  if ('Array' in type) return holdsHandle(type.Array);
  if ('Optional' in type) return holdsHandle(type.Optional);
  if ('Struct' in type) return type.Struct.some((field) => holdsHandle(field.type));
  return false;
}

function visit(value: unknown, act: (handle: Handle) => void): void {
  if (isHandle(value)) act(value);
  else if (Array.isArray(value)) for (const item of value) visit(item, act);
  else if (isPlain(value)) for (const item of Object.values(value)) visit(item, act);
}

function mapped(value: unknown, replace: (handle: Handle) => Handle): unknown {
  if (isHandle(value)) return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapped(item, replace));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, replace)]));
  return value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
