// A step is skipped when what it reads has not changed since it last succeeded and what it makes is still there.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, stamps } from './paths.js';

const IGNORED = new Set(['node_modules', 'dist', 'target', '__pycache__', '.pytest_cache', '.mypy_cache']);

export interface Digested {
  readonly extra?: readonly unknown[] | undefined;
  readonly accept?: ((path: string) => boolean) | undefined;
}

/** Digest of files and folders (names and contents) and of `extra`. Missing ones count as missing. */
export function digest(paths: readonly string[], { extra = [], accept = () => true }: Digested = {}): string {
  const hash = createHash('sha256').update(JSON.stringify(extra));
  const visit = (path: string): void => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) {
      if (!accept(path)) return;
      hash.update(`\0${relative(root, path)}\0`).update(readFileSync(path));
      return;
    }
    for (const entry of readdirSync(path).sort()) {
      if (!IGNORED.has(entry)) visit(join(path, entry));
    }
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex');
}

export function isCurrent(name: string, value: string, outputs: readonly string[]) {
  if (!outputs.every((path) => existsSync(join(root, path)))) return false;
  try {
    return readFileSync(join(stamps, name), 'utf8') === value;
  } catch {
    return false;
  }
}

export function markDone(name: string, value: string) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
}

export function forget(name: string) {
  rmSync(join(stamps, name), { force: true });
}
