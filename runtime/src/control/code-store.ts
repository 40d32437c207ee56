import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { allowImpliedNames, withImports } from '../python/check/implied-names.js';
import type { ImpliedNames } from '../python/check/types.js';

/**
 * Where code that came as text lies while its runtime runs. Each version has a folder of its own, which is all that it may read:
 * the one before stays as it is until the new one has taken over.
 */
export class CodeStore {
  private readonly root: string;
  private count = 0;
  private readonly implied = new Map<string, ImpliedNames>();

  constructor(runtimeId: string) {
    this.root = join(stateDir(), 'agents', runtimeId);
  }

  /** Writes the code and returns the file. `implied`: what it uses without an import. */
  write(name: string, code: string, implied?: ImpliedNames): string {
    this.count++;
    const folder = join(this.root, `${name}-${this.count}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${name.replace(/-/g, '_')}.py`);
    writeFileSync(file, code, { mode: 0o600 });
    allowImpliedNames(folder);
    if (implied !== undefined) this.implied.set(file, implied);
    return file;
  }

  /** Whether a file is one of those written here. */
  has(file: unknown): file is string {
    return typeof file === 'string' && file.startsWith(`${this.root}/`);
  }

  read(file: string): string {
    return readFileSync(file, 'utf8');
  }

  /** The code as it runs anywhere: with an import of what an agent's code may use without one. */
  readComplete(file: string): string {
    const implied = this.implied.get(file);
    return implied === undefined ? this.read(file) : withImports(this.read(file), implied);
  }

  /** Removes the folder of a file that no node uses any more. */
  forget(file: unknown): void {
    if (!this.has(file)) return;
    this.implied.delete(file);
    rmSync(dirname(file), { recursive: true, force: true });
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
