import { parse } from 'yaml';
import type { z } from 'zod';
import { suggestion } from '../../base/nearest.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { fieldOf, shapeOf, takesAnything } from './zod-shape.js';

/** One `--set node.param=value`; a param may go deeper: `effect.config.strength=0.5`. */
export interface Override {
  readonly text: string;
  readonly node: string;
  readonly path: readonly string[];
  readonly value: string;
}

export function parseOverride(text: string): Override {
  const match = /^([A-Za-z_][\w-]*)\.([^=\s]+)=(.*)$/s.exec(text);
  const [, node, path, value] = match ?? [];
  if (node === undefined || path === undefined || value === undefined) {
    throw new StreamlibError('config', `"${text}" is not of the form node.param=value`);
  }
  return { text, node, path: path.split('.'), value };
}

/**
 * The value in the type that the parameter wants: text stays text where text is taken, otherwise it is read as YAML
 * (numbers, true and false, [lists]). Throws a `config` error when there is no such parameter or no reading fits.
 */
export function typedValue(schema: z.ZodType, override: Override): unknown {
  let field: z.core.$ZodType = schema;
  for (const [depth, key] of override.path.entries()) {
    const next = fieldOf(field, key);
    if (next === null) {
      const names = Object.keys(shapeOf(field) ?? {});
      const where = [override.node, ...override.path.slice(0, depth)].join('.');
      throw new StreamlibError(
        'config',
        `--set ${override.text}: ${where} has no parameter "${key}"${suggestion(key, names)}`,
      );
    }
    field = next;
  }
  const read = readSetting(override.value);
  if (takesAnything(field)) return read;
  const check = field as z.ZodType;
  if (check.safeParse(override.value).success) return override.value;
  const result = check.safeParse(read);
  if (result.success) return read;
  throw new StreamlibError(
    'config',
    `--set ${override.text}: ${result.error.issues.map((issue) => issue.message).join('; ')}`,
  );
}

/** `params` with the value put in at the override's path. */
export function withValue(
  params: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const [key, ...rest] = path;
  if (key === undefined) return { ...params };
  if (rest.length === 0) return { ...params, [key]: value };
  const inner = params[key];
  return { ...params, [key]: withValue(isMapping(inner) ? inner : {}, rest, value) };
}

/** `params` with all the values of `change` put in at their places; what is not named in there stays. */
export function withValues(
  params: Readonly<Record<string, unknown>>,
  change: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...params };
  for (const [key, value] of Object.entries(change)) {
    const inner = result[key];
    result[key] = isMapping(inner) && isMapping(value) ? withValues(inner, value) : value;
  }
  return result;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What the text after `--set name=` means where any type will do: YAML, or else the text itself.
 *
 * @param text - `node.param=value`.
 */
export function readSetting(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
