import { type Marker, markerOf } from '@streamlib/processor';
import { z } from 'zod';

type AnySchema = z.core.$ZodType;

/** The schema inside `optional()`, `default()`, `nullable()`, `readonly()` and the way into a `pipe()`. */
export function unwrap(schema: AnySchema): AnySchema {
  for (let current = schema; ; ) {
    const inner = innerOf(current);
    if (inner === null) return current;
    current = inner;
  }
}

/** The schema that another only wraps; null for one that wraps none. */
export function innerOf(schema: AnySchema): AnySchema | null {
  const def = schema._zod.def as { innerType?: AnySchema; in?: AnySchema; type: string };
  return def.innerType ?? (def.type === 'pipe' ? (def.in ?? null) : null);
}

/** The fields of an object schema; null for any other, and for one that lets unknown keys through. */
export function shapeOf(schema: AnySchema): Readonly<Record<string, AnySchema>> | null {
  const object = unwrap(schema);
  return object instanceof z.ZodObject ? object.shape : null;
}

/** Whether an object schema takes keys that it doesn't name. */
export function takesOtherKeys(schema: AnySchema): boolean {
  const object = unwrap(schema);
  if (!(object instanceof z.ZodObject)) return true;
  const { catchall } = object._zod.def;
  return catchall !== undefined && !(catchall instanceof z.ZodNever);
}

/** Whether anything at all is taken here, so that the schema says nothing about the type of a value. */
export function takesAnything(schema: AnySchema): boolean {
  const inner = unwrap(schema);
  return inner instanceof z.ZodUnknown || inner instanceof z.ZodAny;
}

/** The schema of what lies under a key; null when there can be nothing of that name. */
export function fieldOf(schema: AnySchema, key: string): AnySchema | null {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return inner.shape[key] ?? (takesOtherKeys(inner) ? z.unknown() : null);
  if (inner instanceof z.ZodRecord) return inner._zod.def.valueType;
  return takesAnything(inner) ? z.unknown() : null;
}

/** The marker of a field, found through its wrappers and unions: the first of them. */
export function markerWithin(schema: AnySchema): Marker | null {
  for (let current: AnySchema | null = schema; current !== null; current = innerOf(current)) {
    const marker = markerOf(current);
    if (marker !== null) return marker;
    if (current instanceof z.ZodUnion) {
      for (const option of current._zod.def.options) {
        const found = markerWithin(option);
        if (found !== null) return found;
      }
    }
  }
  return null;
}
