import { isAbsolute, resolve } from 'node:path';
import { type Marker, markerOf } from '@streamlib/processor';
import { z } from 'zod';
import { innerOf, takesOtherKeys } from '../graph/config/zod-shape.js';
import type { NodeType } from '../node-types/node-type.js';
import { ControlError } from './control-error.js';
import { type Grants, isInside, real } from './granted.js';

type AnySchema = z.core.$ZodType;

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;
/** Values nest no deeper than this; a schema may contain itself. */
const DEEPEST = 32;

/**
 * What an agent may set of a type's parameters. A text needs a marker that allows it; numbers, booleans and the words of an enum
 * are allowed; what the schema does not describe is looked at as if it had no marker. Returns the parameters with each file as
 * it was looked at: a path without links, which means the same wherever it is used. Throws a `denied` error that names the
 * parameter.
 */
export function checkAgentParams(
  type: Pick<NodeType, 'type' | 'agents' | 'config'>,
  params: Readonly<Record<string, unknown>>,
  grants: Grants,
): Record<string, unknown> {
  const { agents } = type;
  if (agents.may === 'denied')
    throw denied(`an agent may not use the type ${type.type}: ${agents.why}`, 'Ask the user to add it.');
  if (agents.may === 'only') {
    const others = Object.keys(params).filter((key) => !agents.keys.includes(key));
    if (others.length === 0) return { ...params };
    throw denied(
      `an agent may not set ${others.join(', ')} of a node of type ${type.type}`,
      `Set only ${agents.keys.join(', ')}; Python is given as "code".`,
    );
  }
  const check = new Check(type.type, grants);
  // What is no object has no parameters of its own: each value is looked at without its schema.
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key, check.value(childOf(type.config, key), value, [key])]),
  );
}

class Check {
  constructor(
    private readonly type: string,
    private readonly grants: Grants,
  ) {}

  /** The value as it may be used. `schema` null: nothing says what it is. */
  value(schema: AnySchema | null, value: unknown, path: readonly string[]): unknown {
    if (path.length > DEEPEST) throw this.refused(path, 'is nested too deeply');
    const marker = schema === null ? null : markerAbove(schema);
    if (marker?.kind === 'secret') throw this.refused(path, 'is a secret', 'Ask the user to set it.');
    const bare = schema === null ? null : inside(schema);
    if (bare instanceof z.ZodUnion && marker === null) return this.value(optionFor(bare, value), value, path);
    if (typeof value === 'string') return this.text(bare, marker, value, path);
    if (Array.isArray(value))
      return value.map((item, index) =>
        this.value(bare instanceof z.ZodArray ? bare._zod.def.element : null, item, [...path, String(index)]),
      );
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const below = [...path, key];
        if (bare === null || !hasKey(bare, key))
          throw this.refused(below, 'is not a parameter that is known to be harmless');
        return [key, this.value(childOf(bare, key), item, below)];
      }),
    );
  }

  private text(
    bare: AnySchema | null,
    marker: Marker | null,
    value: string,
    path: readonly string[],
  ): string {
    if (bare instanceof z.ZodEnum || bare instanceof z.ZodLiteral) {
      // One that is not among its words is refused by the type itself.
      return value;
    }
    switch (marker?.kind) {
      case 'text':
        return value;
      case 'file':
        return this.file(marker, value, path);
      case 'device':
        if (marker.except.includes(value) || this.grants.devices.includes(marker.deviceClass)) return value;
        throw this.refused(
          path,
          `names a ${marker.deviceClass}, which was not granted`,
          `Ask the user for it: \`streamlib mcp --allow-device ${marker.deviceClass}\`.`,
        );
      case 'network':
        return this.address(marker, value, path);
      default:
        throw this.refused(path, 'is a text that its type does not declare harmless');
    }
  }

  private file(marker: Extract<Marker, { kind: 'file' }>, value: string, path: readonly string[]): string {
    const { except, devices } = marker;
    if (except.includes(value)) return value;
    // By number only: what else follows "device:" is a path, or more than a camera.
    if (devices !== undefined && matchesWhole(devices.pattern, value)) {
      if (this.grants.devices.includes(devices.deviceClass)) return value;
      throw this.refused(
        path,
        `${value} is a ${devices.deviceClass}, which was not granted`,
        `Ask the user for it: \`streamlib mcp --allow-device ${devices.deviceClass}\`.`,
      );
    }
    if (/^[a-z][a-z0-9+.-]+:/i.test(value))
      throw this.refused(
        path,
        `${value} is no file of this machine`,
        'Name a file, a camera such as device:0 or /dev/video0, or test-pattern.',
      );
    const { folders } = this.grants;
    const whole = real(isAbsolute(value) ? value : resolve(folders[0] ?? process.cwd(), value));
    if (folders.some((folder) => isInside(whole, real(folder)))) return whole;
    throw this.refused(
      path,
      `${value} lies outside the folders that were granted`,
      `Name a file in ${folders.join(' or ')}; the user grants further folders with \`streamlib mcp --allow FOLDER\`.`,
    );
  }

  private address(
    { role }: Extract<Marker, { kind: 'network' }>,
    value: string,
    path: readonly string[],
  ): string {
    // To listen where only this machine reaches it shows nothing to others; to connect there reaches what others cannot.
    if (role === 'listen' && LOOPBACK.test(value)) return value;
    const host = hostOf(value);
    if (host !== null && this.grants.hosts.includes(host)) return value;
    throw role === 'listen'
      ? this.refused(
          path,
          `${value} would show the picture to other machines`,
          'Leave it out: it is then served on this machine only.',
        )
      : this.refused(
          path,
          `${value} is an address of the network, which was not granted`,
          `Ask the user for it: \`streamlib mcp --allow-host ${host ?? 'HOST'}\`.`,
        );
  }

  private refused(
    path: readonly string[],
    why: string,
    next = 'Leave it out, or ask the user to set it; describe_node_type tells what may be set.',
  ): ControlError {
    return denied(`parameter "${path.join('.')}" of ${this.type}: ${why}`, next);
  }
}

/** The host of a URL, of `host:port`, or the whole; null for what is none of these. */
function hostOf(value: string): string | null {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `any://${value}`;
  try {
    const { hostname, username, password } = new URL(text);
    return hostname === '' || username !== '' || password !== '' ? null : hostname.toLowerCase();
  } catch {
    return null;
  }
}

function matchesWhole(pattern: string, value: string): boolean {
  try {
    const found = new RegExp(pattern).exec(value);
    return found !== null && found[0] === value;
  } catch {
    return false;
  }
}

/** The first marker of a schema and what it is wrapped in; a secret anywhere among them counts most. */
function markerAbove(schema: AnySchema): Marker | null {
  let first: Marker | null = null;
  for (let current: AnySchema | null = schema; current !== null; current = innerOf(current)) {
    const marker = markerOf(current);
    if (marker?.kind === 'secret') return marker;
    first ??= marker;
  }
  return first;
}

/** Without optional(), default() and the like, and what a lazy() stands for; null where a transformation decides first. */
function inside(schema: AnySchema): AnySchema | null {
  let current: AnySchema = schema;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const inner: AnySchema | null =
      current instanceof z.ZodLazy ? current._zod.def.getter() : innerOf(current);
    if (inner === null) return current instanceof z.ZodTransform ? null : current;
    current = inner;
  }
  return null;
}

/** The option that will take the value: the first that accepts it, as the union itself decides. */
function optionFor(union: z.ZodUnion, value: unknown): AnySchema | null {
  for (const option of union._zod.def.options) {
    try {
      if (z.safeParse(option, value).success) return option;
    } catch {
      return null;
    }
  }
  return null;
}

/** Whether a schema says what lies under a key, and a text as key is one that it names. */
function hasKey(bare: AnySchema, key: string): boolean {
  if (bare instanceof z.ZodObject) return Object.hasOwn(bare.shape, key) && !takesOtherKeys(bare);
  if (!(bare instanceof z.ZodRecord)) return false;
  const { keyType } = bare._zod.def;
  return keyType instanceof z.ZodEnum || markerAbove(keyType)?.kind === 'text';
}

function childOf(schema: AnySchema, key: string): AnySchema | null {
  const bare = inside(schema);
  if (bare instanceof z.ZodObject) return Object.hasOwn(bare.shape, key) ? (bare.shape[key] ?? null) : null;
  return bare instanceof z.ZodRecord ? bare._zod.def.valueType : null;
}

function denied(message: string, next: string): ControlError {
  return new ControlError('denied', message, next);
}
