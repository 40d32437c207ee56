import { readFileSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import { type ParsedManifest, parseManifest } from '../graph/manifest/parse.js';
import type { GraphIssue, GraphSpec } from '../graph/spec.js';
import type { LocatedIssue } from './api.js';

/** A manifest as it was read: its graph, and the way from a mistake in that graph to its line. */
export interface ManifestFile {
  readonly spec: GraphSpec;
  /** The folder that relative paths belong to. */
  readonly folder: string;
  readonly issues: readonly GraphIssue[];
  locate(issues: readonly GraphIssue[]): LocatedIssue[];
}

export function readManifest(path: string): ManifestFile {
  const absolute = resolve(path);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (cause) {
    throw new StreamlibError('graph', `the manifest ${path} could not be read: ${toError(cause).message}`, {
      cause,
    });
  }
  const parsed = parseManifest(text, basename(absolute, extname(absolute)));
  const shown = relative(process.cwd(), absolute);
  const file = shown.startsWith('..') ? absolute : shown;
  return {
    spec: parsed.spec,
    folder: dirname(absolute),
    issues: parsed.issues,
    locate: (issues) => locateAll(parsed, file, issues),
  };
}

/** In the order of the file. */
function locateAll(parsed: ParsedManifest, file: string, issues: readonly GraphIssue[]): LocatedIssue[] {
  return issues
    .map(({ path, message, atKey, fatal, node }) => ({
      file,
      ...parsed.locate(path, atKey),
      message,
      node: node ?? null,
      fatal,
    }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
