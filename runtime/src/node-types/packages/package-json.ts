import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { toError } from '../../base/streamlib-error.js';

const TYPE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const names = z.record(z.string(), z.string());

/** What a package says of a node type, so that it can be listed without loading it. */
export const describedType = z.object({
  type: z.string().regex(TYPE_NAME, 'a type is named by letters, digits, "_" and "-", a letter first'),
  description: z.string().default(''),
  /** Ports and the names of their schemas; left out where they follow from the parameters. */
  inputs: names.optional(),
  outputs: names.optional(),
  parameters: z.array(z.string()).optional(),
});
export type DescribedType = z.infer<typeof describedType>;

/** The key `streamlib` of a package.json. */
const offer = z.object({
  /** The module whose export `processors` is the list of definitions. */
  nodes: z.string().min(1),
  /** The types in it. Without, the package has to be loaded to know them. */
  types: z
    .array(z.union([z.string().transform((type) => ({ type })), z.unknown()]).pipe(describedType))
    .optional(),
});

/** A package that offers node types. Nothing of it has been run. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** The module with the definitions, absolute. */
  readonly module: string;
  /** Null: only its code tells. */
  readonly types: readonly DescribedType[] | null;
}

export type ReadPackage =
  | { readonly package: NodePackage }
  /** It offers node types, but not as it should. */
  | { readonly problem: string }
  | null;

/** The most that is read of a package.json. */
const LONGEST = 1024 * 1024;

/** A JSON object from a file; null where there is none. What is broken is told by its message. */
export async function readJson(path: string): Promise<Record<string, unknown> | string | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return null;
  }
  if (text.length > LONGEST) return `${path} is longer than ${LONGEST} characters`;
  try {
    const value: unknown = JSON.parse(text);
    const read = z.record(z.string(), z.unknown()).safeParse(value);
    return read.success ? read.data : `${path} is not a JSON object`;
  } catch (error) {
    return `${path} is not valid JSON: ${toError(error).message}`;
  }
}

/** What the package in a folder offers. Null: no node types, or there is no package. Never throws. */
export async function readPackage(folder: string): Promise<ReadPackage> {
  const path = join(folder, 'package.json');
  const manifest = await readJson(path);
  // A package that is broken and offers nothing is not ours to complain about.
  if (manifest === null || typeof manifest === 'string' || manifest.streamlib === undefined) return null;
  const { name, version } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string')
    return { problem: `${path} offers node types, but has no name and version` };
  const read = offer.safeParse(manifest.streamlib);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = ['streamlib', ...(issue?.path ?? [])].join('.');
    return { problem: `${path}: ${where}: ${issue?.message}` };
  }
  const { nodes, types } = read.data;
  const module = resolve(folder, nodes);
  const way = relative(folder, module);
  if (isAbsolute(nodes) || isAbsolute(way) || way.startsWith('..'))
    return { problem: `${path}: streamlib.nodes: ${nodes} lies outside of the package` };
  return { package: { name, version, folder, module, types: types ?? null } };
}
