import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { suggestion } from '../nearest.js';
import { StreamlibError, toError } from '../streamlib-error.js';
import { type Settings, settingsSchema, type WrittenSettings } from './schema.js';

export const SETTINGS_FILE = 'streamlib.yaml';

export function defaultSettings(): Settings {
  return {
    packages: {
      strategy: 'RequireApproval',
      allow: [],
      deny: [],
      builds: false,
      max_install_mb: 2048,
      keep_free_mb: 512,
      offline: false,
      find_links: [],
      index: true,
    },
    python: { spare_processes: 1 },
    sandbox: {
      when_missing: 'refuse',
      mechanism: 'auto',
      memory_mb: 2048,
      scratch_mb: 256,
      descriptors: 256,
      threads: 256,
      cpus: Math.max(1, availableParallelism() - 1),
      setup_timeout_s: 60,
      hang_timeout_s: 10,
    },
  };
}

/** What the state directory's file says, and on top of it what the file beside the manifest says. */
export function readSettings(manifestFolder?: string): Settings {
  let settings = defaultSettings();
  const folders = [stateDir(), ...(manifestFolder === undefined ? [] : [resolve(manifestFolder)])];
  for (const file of new Set(folders.map((folder) => join(folder, SETTINGS_FILE)))) {
    if (!existsSync(file)) continue;
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      throw new StreamlibError('config', `${file} could not be read: ${toError(cause).message}`, { cause });
    }
    settings = merged(settings, parseSettings(text, file), dirname(file));
  }
  return settings;
}

function merged(settings: Settings, written: WrittenSettings, folder: string): Settings {
  const given = <T extends object>(section: T | undefined) =>
    Object.fromEntries(Object.entries(section ?? {}).filter(([, value]) => value !== undefined));
  const links = written.packages?.find_links?.map((path) => resolve(folder, path));
  return {
    packages: { ...settings.packages, ...given(written.packages), ...(links && { find_links: links }) },
    python: { ...settings.python, ...given(written.python) },
    sandbox: { ...settings.sandbox, ...given(written.sandbox) },
  };
}

/** All mistakes at once, each with its place. */
export function parseSettings(text: string, file: string): WrittenSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  if (document.errors.length > 0) {
    throw wrong(document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`));
  }
  const parsed = settingsSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(path);
      return issue.keys.map(
        (key) => `${at(offsetOf([...path, key], true))}: unknown setting "${key}"${suggestion(key, known)}`,
      );
    }
    const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
    return [`${at(offsetOf(path, false))}: ${path.join('.') || 'the file'}: ${message}`];
  });
  throw wrong(told);

  function offsetOf(path: readonly string[], key: boolean): number {
    let node: unknown = document.contents;
    let offset = 0;
    for (const [depth, step] of path.entries()) {
      const items: readonly unknown[] = isMap(node) ? node.items : [];
      const pair = items.find((item) => {
        const name = (item as { key?: unknown }).key;
        return isScalar(name) && String(name.value) === step;
      }) as { key: unknown; value: unknown } | undefined;
      if (pair === undefined) {
        node = (node as { items?: readonly unknown[] } | null)?.items?.[Number(step)];
      } else {
        node = key && depth === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      }
      offset = (node as { range?: readonly number[] } | undefined)?.range?.[0] ?? offset;
    }
    return offset;
  }
}

function keysAt(path: readonly string[]): string[] {
  if (path.length === 0) return Object.keys(settingsSchema.shape);
  const sections: Record<string, { unwrap(): { shape: object } }> = settingsSchema.shape;
  const section = sections[path[0] ?? ''];
  return section === undefined ? [] : Object.keys(section.unwrap().shape);
}

function wrong(messages: readonly string[]): StreamlibError {
  return new StreamlibError('config', messages.join('\n'));
}
