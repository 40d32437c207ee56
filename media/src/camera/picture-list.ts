import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MediaError } from '../errors/media-error.js';

const PICTURES = /\.(jpe?g|png|bmp|tiff?|webp|p[bgpn]m|tga|exr|jp2|avif|dpx)$/i;
const NUMBER = /%(?:0(\d+))?d/;
const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Whether the last part of a path stands for several files: `frame_%04d.png`, `*.jpg`. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(basename(path)) || NUMBER.test(basename(path));
}

/**
 * The pictures that a source stands for, in order; null when it is a file (also one that has a name like a pattern). A folder
 * stands for the pictures in it, in the order of their names, where 10 comes after 9.
 */
export async function picturesOf(path: string): Promise<readonly string[] | null> {
  const kind = await kindOf(path);
  if (kind === 'file' || (kind === null && !isPattern(path))) return null;
  if (kind === 'folder') {
    const names = (await list(path)).filter((name) => PICTURES.test(name));
    if (names.length > 0) return names.sort(byName).map((name) => join(path, name));
    throw new MediaError(
      'unsupported',
      `${path} is a folder without pictures; give the camera a video file, or a folder of pictures, as "source"`,
    );
  }
  const [folder, pattern] = [dirname(path), basename(path)];
  const matches = matcher(pattern);
  const names = (await list(folder)).filter((name) => matches.test(name));
  if (names.length > 0) return names.sort(byName).map((name) => join(folder, name));
  throw new MediaError(
    'not_found',
    `no file in ${folder} is called like ${pattern}; check the camera's parameter "source"`,
  );
}

/** Of the last part of a path: `*` any characters, `?` one, `%d` a number, `%04d` one of four digits or more. */
export function matcher(pattern: string): RegExp {
  const source = pattern
    .split(/(\*|\?|%(?:0\d+)?d)/)
    .map((part) => {
      if (part === '*') return '[^]*';
      if (part === '?') return '[^]';
      const number = NUMBER.exec(part);
      if (number !== null) return number[1] === undefined ? '\\d+' : `\\d{${number[1]},}`;
      return part.replace(/[.+^${}()|[\]\\*?]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, 'u');
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return null;
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MediaError(
        'not_found',
        `there is no folder ${folder}; check the camera's parameter "source"`,
        { cause },
      );
    throw new MediaError('io', `cannot read the folder ${folder}: ${message}`, { cause });
  }
}
