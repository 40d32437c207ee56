import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** From this package's own manifest, so that it is written in one place. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}

/**
 * The commit of the checkout that this package is part of, abbreviated; empty where it is part of none. Read from git's
 * files: asking git itself would cost a process at each start.
 */
export function gitHash(checkout: string = join(packageRoot, '..')): string {
  try {
    return readCommit(checkout).slice(0, 7);
  } catch {
    return '';
  }
}

function readCommit(checkout: string): string {
  const read = (...path: string[]) => readFileSync(join(...path), 'utf8').trim();
  const git = gitFolder(checkout);
  const head = read(git, 'HEAD');
  if (!head.startsWith('ref: ')) return asHash(head);
  const ref = head.slice('ref: '.length);
  // In a worktree, branches are kept with the main checkout.
  const common = attempt(() => resolve(git, read(git, 'commondir'))) ?? git;
  const loose = attempt(() => read(git, ref)) ?? attempt(() => read(common, ref));
  if (loose !== null) return asHash(loose);
  const packed = read(common, 'packed-refs').split('\n');
  return asHash(packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0] ?? '');
}

function gitFolder(checkout: string): string {
  const git = join(checkout, '.git');
  // A worktree has a file there that says where the folder is; reading a folder as a file fails.
  const pointer = attempt(() => readFileSync(git, 'utf8').trim());
  return pointer === null ? git : resolve(checkout, pointer.replace(/^gitdir: /, ''));
}

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

function asHash(text: string): string {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : '';
}
