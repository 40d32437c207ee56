import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import type { ProcessorDefinition } from '@streamlib/processor';
import { markerWithin, shapeOf } from '../graph/config/zod-shape.js';
import { ControlError } from './control-error.js';

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;

/**
 * What an agent may have a processor do that comes with StreamLib: name files in the folders that were granted to it, and cameras
 * of this machine; nothing of the network. Returns the parameters with each file as it was looked at: a path without links, which
 * means the same wherever it is used.
 */
export function checkAgentParams(
  definition: ProcessorDefinition,
  params: Readonly<Record<string, unknown>>,
  folders: readonly string[],
): Record<string, unknown> {
  const seen: Record<string, unknown> = { ...params };
  const shape = shapeOf(definition.config) ?? {};
  for (const [key, value] of Object.entries(params)) {
    const field = shape[key];
    if (typeof value !== 'string') continue;
    if (key === 'host' && !LOOPBACK.test(value))
      throw denied(
        `parameter "host" of ${definition.type}: ${value} would show the picture to other machines`,
        'Leave it out: the page is then served on this machine only.',
      );
    const meta = field === undefined ? null : markerWithin(field);
    if (meta?.kind !== 'file' || meta.except.includes(value)) continue;
    // By number only: what else follows "device:" is a path, or more than a camera.
    if (/^(device:|\/dev\/video)\d+$/.test(value)) continue;
    if (/^[a-z][a-z0-9+.-]+:/i.test(value))
      throw denied(
        `parameter "${key}" of ${definition.type}: ${value} is not a file on this machine`,
        'Name a file, a camera such as device:0 or /dev/video0, or test-pattern.',
      );
    const path = real(isAbsolute(value) ? value : resolve(folders[0] ?? process.cwd(), value));
    if (!folders.some((folder) => isInside(path, real(folder))))
      throw denied(
        `parameter "${key}" of ${definition.type}: ${value} is outside the folders that were granted`,
        `Name a file in ${folders.join(' or ')}; the user grants further folders with \`streamlib mcp --allow FOLDER\`.`,
      );
    seen[key] = path;
  }
  return seen;
}

export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** Without symbolic links; of a file that is not there yet, its folder without them. */
export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : resolve(real(above), basename(path));
  }
}

function denied(message: string, next: string): ControlError {
  return new ControlError('denied', message, next);
}
