// Files that the guides link to and that are no guides (examples, mostly): the site shows them as code.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, posix } from 'node:path';
import { root } from './paths.js';
import { output } from './run.js';

const LANGUAGES: Readonly<Record<string, string>> = {
  '.py': 'python',
  '.ts': 'typescript',
  '.mjs': 'javascript',
  '.json': 'json',
  '.yaml': 'yaml',
  '.proto': 'proto',
  '.rs': 'rust',
  '.sh': 'bash',
  '.html': 'html',
  '.md': 'markdown',
  '.txt': 'text',
  '': 'text',
};

/** What a page of the site is made of, by its path in the site. */
export type Pages = Map<string, string>;

const HEAD = '---\nsearch:\n  exclude: true\n---\n\n';

/** Adds the page of a file or folder, with those of all files in a folder. Returns its path; `null` if it does not exist. */
export async function addSource(path: string, pages: Pages): Promise<string | null> {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return null;
  const isFolder = statSync(absolute).isDirectory();
  const place = isFolder ? `source/${path}/index.md` : `source/${path}.md`;
  if (pages.has(place)) return place;
  pages.set(place, '');
  pages.set(place, isFolder ? await folderPage(path, pages) : filePage(path));
  return place;
}

function filePage(path: string): string {
  const language = LANGUAGES[extname(path)] ?? 'text';
  const code = readFileSync(join(root, path), 'utf8');
  return `${HEAD}# ${basename(path)}\n\n\`${path}\`\n\n\`\`\`\`\`${language}\n${code.trimEnd()}\n\`\`\`\`\`\n`;
}

async function folderPage(folder: string, pages: Pages): Promise<string> {
  const files = (await output('git', ['ls-files', folder])).split('\n').filter((path) => path !== '');
  const lines: string[] = [];
  for (const path of files) {
    const name = posix.relative(folder, path);
    const place = extname(path) in LANGUAGES ? await addSource(path, pages) : null;
    lines.push(
      place === null ? `- \`${name}\`` : `- [\`${name}\`](${posix.relative(`source/${folder}`, place)})`,
    );
  }
  return `${HEAD}# ${basename(folder)}\n\n\`${folder}/\`\n\n${lines.join('\n')}\n`;
}
