import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImpliedNames } from './types.js';

/** The Python side looks for a file of this name beside the code. */
const MARK = '.streamlib-names';

/** Code in this folder finds `streamlib` and its public names without an import. */
export function allowImpliedNames(folder: string): void {
  writeFileSync(join(folder, MARK), '', { mode: 0o600 });
}

/** The code with an import of the names that it uses without one, so that it runs anywhere. */
export function withImports(code: string, { names, line }: ImpliedNames): string {
  const members = names.filter((name) => name !== 'streamlib');
  const added = [
    ...(names.includes('streamlib') ? ['import streamlib'] : []),
    ...(members.length > 0 ? [`from streamlib import ${members.join(', ')}`] : []),
  ];
  const lines = code.split('\n');
  const at = Math.min(Math.max(0, line - 1), lines.length);
  return [...lines.slice(0, at), ...added, '', ...lines.slice(at)].join('\n');
}
