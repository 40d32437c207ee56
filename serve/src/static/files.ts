import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Exchange } from '../exchange.js';

export interface StaticFile {
  readonly type: string;
  readonly content: Buffer;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.woff2': 'font/woff2',
};

/** All files of a page are held in memory; a folder with more is not one. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The files of a folder, by the paths they are asked for. All are read at once: no request can name any other file. */
export class StaticFiles {
  private constructor(private readonly files: ReadonlyMap<string, StaticFile>) {}

  /** Files of kinds that a page has no use for are left out, and so are links. */
  static async read(folder: string): Promise<StaticFiles> {
    const files = new Map<string, StaticFile>();
    let bytes = 0;
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const type = TYPES[extname(entry.name)];
      if (type === undefined || !entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const content = await readFile(file);
      bytes += content.length;
      if (bytes > MOST_BYTES)
        throw new Error(`${folder} has more than ${MOST_BYTES} bytes: it is not a page`);
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
      const path = encodeURI(`/${relative(folder, file).split(sep).join('/')}`);
      files.set(path, { type, content, etag });
      if (entry.name === 'index.html')
        files.set(path.slice(0, -'index.html'.length), { type, content, etag });
    }
    return new StaticFiles(files);
  }

  /** False: there is no such file. A browser that has it already is told so, with 304. */
  answer(exchange: Exchange): boolean {
    const file = this.files.get(exchange.path);
    if (file === undefined) return false;
    const { etag, type, content } = file;
    // Kept, but asked about each time: an update is seen at once.
    const headers = { etag, 'cache-control': 'no-cache' };
    const known = exchange.request.headers['if-none-match'];
    if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')) {
      exchange.response.writeHead(304, headers).end();
    } else exchange.send(200, type, content, headers);
    return true;
  }
}
