import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';

/** What the user lets an agent name. */
export interface Grants {
  /** Files in these folders; a relative name lies in the first. */
  readonly folders: readonly string[];
  /** Classes of devices, such as `camera` and `microphone`. */
  readonly devices: readonly string[];
  /** Hosts to connect to and addresses to listen on. */
  readonly hosts: readonly string[];
}

/** Cameras of this machine, by their number; nothing of the network. */
export const DEFAULT_DEVICES: readonly string[] = ['camera'];

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
