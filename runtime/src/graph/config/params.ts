import { isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { nearest, suggestion } from '../../base/nearest.js';
import { markerWithin, shapeOf, takesOtherKeys } from './zod-shape.js';

export interface ParamIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly atKey?: boolean;
}

export type ParsedParams<C> =
  | { readonly config: C; readonly issues: readonly [] }
  | { readonly config: null; readonly issues: readonly ParamIssue[] };

/** Makes the relative paths among a node's parameters absolute; see `filePath()`. */
export function resolvePaths(
  schema: z.ZodType,
  params: Readonly<Record<string, unknown>>,
  folder: string,
): Record<string, unknown> {
  const shape = shapeOf(schema);
  const resolved: Record<string, unknown> = { ...params };
  if (shape === null) return resolved;
  for (const [key, field] of Object.entries(shape)) {
    const value = params[key];
    const marker = markerWithin(field);
    if (marker?.kind !== 'file' || typeof value !== 'string') continue;
    if (isAbsolute(value) || marker.except.includes(value) || /^[a-z][a-z0-9+.-]+:/i.test(value)) continue;
    resolved[key] = resolve(folder, value);
  }
  return resolved;
}

/** Checks a node's parameters; unknown keys are mistakes even where the schema would pass over them. */
export function parseParams<C>(
  schema: z.ZodType<C>,
  params: Readonly<Record<string, unknown>>,
): ParsedParams<C> {
  const issues: ParamIssue[] = [];
  const shape = shapeOf(schema);
  let known = params;
  /** Misspelt keys have been told; that their right names are missing is the same mistake. */
  const meant = new Set<string | null>();
  if (shape !== null && !takesOtherKeys(schema)) {
    const names = Object.keys(shape);
    const unknown = Object.keys(params).filter((key) => !names.includes(key));
    for (const key of unknown) {
      meant.add(nearest(key, names));
      issues.push({
        path: [key],
        message: `unknown parameter "${key}"${suggestion(key, names)}`,
        atKey: true,
      });
    }
    known = Object.fromEntries(Object.entries(params).filter(([key]) => !unknown.includes(key)));
  }
  const parsed = schema.safeParse(known);
  if (parsed.success && issues.length === 0) return { config: parsed.data, issues: [] };
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const path = issue.path.filter((part) => typeof part !== 'symbol');
      const missing = path.length > 0 && valueAt(known, path) === undefined;
      if (missing && meant.has(String(path[0]))) continue;
      const name = path.join('.');
      issues.push({
        path,
        message: missing
          ? `parameter "${name}" is missing: ${lower(issue.message)}`
          : `parameter "${name}": ${lower(issue.message)}`,
      });
    }
  }
  return { config: null, issues };
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
