// Which modules of a crate need which. By text: `use`, and paths that begin with `crate`, `super`, `self` or a child module.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arrow } from './graph.js';

interface Module {
  readonly file: string;
  /** Names that a `use` brings into the module, with the path that it gave. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Paths that the module needs; what it only passes on (`pub use`) is not among them. */
  readonly needs: readonly (readonly string[])[];
}

/** `memory/mod.rs` is the module `memory`, `lib.rs` the crate itself. */
function moduleName(file: string): string {
  return file
    .replace(/\.rs$/, '')
    .replace(/(^|\/)(mod|lib|main)$/, '')
    .replaceAll('/', '::');
}

/** Without comments and without modules that are compiled for tests only. */
export function production(text: string): string {
  return withoutTests(text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/[^\n]*/g, ''));
}

export function withoutTests(text: string): string {
  let code = text;
  for (;;) {
    const found = /#\[cfg\((?:test|all\([^\]]*\btest\b[^\]]*)\)+\]\s*(?:pub\s+)?mod\s+\w+\s*(\{|;)/.exec(
      code,
    );
    if (found === null) return code;
    const from = found.index + found[0].length;
    code = code.slice(0, found.index) + code.slice(found[1] === ';' ? from : closing(code, from));
  }
}

function closing(code: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; at < code.length && depth > 0; at++) {
    if (code[at] === '{') depth++;
    else if (code[at] === '}') depth--;
  }
  return at;
}

/** `a::{b, c::{self, d as e}}` as the paths a::b, a::c, a::c::d, each with the name that it brings. */
export function useTree(tree: string): { path: string[]; name: string }[] {
  const text = tree.trim();
  const brace = text.indexOf('{');
  if (brace < 0) {
    const [path = '', alias] = text.split(/\s+as\s+/);
    const segments = path.split('::').map((each) => each.trim());
    if (segments.at(-1) === 'self') segments.pop();
    return [{ path: segments, name: alias ?? segments.at(-1) ?? '' }];
  }
  const prefix = text.slice(0, brace).replace(/::\s*$/, '');
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text.slice(brace + 1, text.lastIndexOf('}'))) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  parts.push(part);
  return parts
    .filter((each) => each.trim() !== '')
    .flatMap((each) => useTree(prefix === '' ? each : `${prefix}::${each.trim()}`));
}

function read(file: string, text: string, children: readonly string[]): Module {
  const names = new Map<string, readonly string[]>();
  const needs: string[][] = [];
  let code = production(text);
  code = code.replace(
    /(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);/g,
    (_all, pub: string | undefined, tree: string) => {
      for (const { path, name } of useTree(tree)) {
        if (name !== '*' && name !== '_') names.set(name, path);
        if (pub === undefined) needs.push(path);
      }
      return '';
    },
  );
  const starts = ['crate', 'super', 'self', ...children].join('|');
  for (const [path] of code.matchAll(new RegExp(`(?<![\\w:.])(?:${starts})(?:::\\w+)+`, 'g')))
    needs.push(path.split('::'));
  return { file, names, needs };
}

/** Reads a crate's `src`. A name that a module passes on leads to the module that has it. */
export function crateArrows(sources: ReadonlyMap<string, string>): Arrow[] {
  const paths = new Set([...sources.keys()].map(moduleName));
  const childrenOf = (name: string) =>
    [...paths]
      .filter((path) => path !== '' && path.split('::').slice(0, -1).join('::') === name)
      .map((path) => path.split('::').at(-1) ?? '');
  const modules = new Map(
    [...sources].map(([file, text]) => {
      const name = moduleName(file);
      return [name, read(file, text, childrenOf(name))] as const;
    }),
  );

  /** The module that a path leads to from `here`; null: outside of the crate, or the module itself. */
  const resolve = (here: string, path: readonly string[], depth = 0): string | null => {
    const [first = '', ...more] = path;
    let at: string;
    let rest = more;
    if (first === 'crate') at = '';
    else if (first === 'self') at = here;
    else if (first === 'super') {
      at = parent(here);
      while (rest[0] === 'super') {
        at = parent(at);
        rest = rest.slice(1);
      }
    } else if (modules.has(inside(here, first))) at = inside(here, first);
    else {
      const brought = depth < 8 ? modules.get(here)?.names.get(first) : undefined;
      if (brought === undefined || brought[0] === first) return null;
      return resolve(here, [...brought, ...rest], depth + 1);
    }
    while (rest[0] !== undefined && modules.has(inside(at, rest[0]))) {
      at = inside(at, rest[0]);
      rest = rest.slice(1);
    }
    const brought = rest[0] === undefined ? undefined : modules.get(at)?.names.get(rest[0]);
    if (brought !== undefined && depth < 8) {
      const [outer] = brought;
      const isOwn =
        outer === 'crate' || outer === 'super' || outer === 'self' || modules.has(inside(at, outer ?? ''));
      return isOwn ? resolve(at, brought, depth + 1) : null;
    }
    return at;
  };

  const arrows = new Map<string, Arrow>();
  for (const [name, { file, needs }] of modules) {
    for (const path of needs) {
      const target = resolve(name, path);
      const to = target === null ? undefined : modules.get(target)?.file;
      if (to !== undefined && to !== file) arrows.set(`${file}>${to}`, { from: file, to });
    }
  }
  return [...arrows.values()];
}

const parent = (name: string) => name.split('::').slice(0, -1).join('::');
const inside = (name: string, child: string) => (name === '' ? child : `${name}::${child}`);

export function readCrate(folder: string): { files: string[]; arrows: Arrow[] } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.rs'))
    .sort();
  return {
    files,
    arrows: crateArrows(new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))),
  };
}
