import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Editors write a file in several steps. */
const SETTLE_MS = 60;

export interface Changed {
  readonly manifest: boolean;
  /** Files of processors that are concerned: changed themselves, or beside a module that did. */
  readonly files: ReadonlySet<string>;
}

/** Watches a manifest and the folders of its Python files, and tells what has another content than before. */
export class FileWatch {
  private readonly manifest: string;
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly contents = new Map<string, string>();
  private followed: readonly string[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(
    manifest: string,
    private readonly onChange: (changed: Changed) => void,
  ) {
    this.manifest = resolve(manifest);
  }

  /** From here on, these are the files that count. */
  follow(files: readonly string[]): void {
    this.followed = files;
    const folders = new Set([this.manifest, ...files].map((file) => dirname(file)));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.watchers.has(folder)) continue;
      let watcher: FSWatcher;
      try {
        watcher = watch(folder, () => this.soon());
      } catch {
        // It is not there (yet): what the manifest says of it cannot have worked.
        continue;
      }
      watcher.on('error', () => watcher.close());
      this.watchers.set(folder, watcher);
      this.look(folder);
    }
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private soon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const changed = new Set([...this.watchers.keys()].flatMap((folder) => this.look(folder)));
      const modules = [...changed].filter((file) => file !== this.manifest && !this.followed.includes(file));
      const shared = new Set(modules.map((file) => dirname(file)));
      const files = this.followed.filter((file) => changed.has(file) || shared.has(dirname(file)));
      const manifest = changed.has(this.manifest);
      if (manifest || files.length > 0) this.onChange({ manifest, files: new Set(files) });
    }, SETTLE_MS);
  }

  /** The files of a folder whose content is another than at the last look. */
  private look(folder: string): string[] {
    const changed: string[] = [];
    for (const name of namesIn(folder)) {
      const file = join(folder, name);
      if (!name.endsWith('.py') && file !== this.manifest) continue;
      const content = hashOf(file);
      // A file that is away for a moment is being written anew.
      if (content === null || this.contents.get(file) === content) continue;
      // A module that is new is used by nobody yet; a file that was missed has come.
      if (this.contents.has(file) || this.followed.includes(file)) changed.push(file);
      this.contents.set(file, content);
    }
    return changed;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function hashOf(file: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return null;
  }
}
