import { chownSync, mkdirSync } from 'node:fs';

const NOBODY = 65534;

/** Nests folders below one, deeper than a path can be long. */
export function deepFolder(top: string): void {
  const before = process.cwd();
  const name = 'd'.repeat(255);
  process.chdir(top);
  try {
    for (let depth = 0; depth < 24; depth++) {
      mkdirSync(name);
      process.chdir(name);
    }
  } finally {
    process.chdir(before);
  }
}

/** As a user whom the rights of files bind, which root's do not; `folder` is his meanwhile. */
export function withoutPrivileges(folder: string, act: () => void): void {
  if (process.getuid?.() !== 0) {
    act();
    return;
  }
  chownSync(folder, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    act();
  } finally {
    process.seteuid?.(0);
  }
}
