// Puts the guides where MkDocs finds them, with links that lead to pages of the site.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { home, placeOf, sections } from './guides.js';
import { rewriteLinks } from './links.js';
import { pages, root, source } from './paths.js';
import { addSource, type Pages } from './source-pages.js';

const PICTURES = new Set(['.png', '.svg', '.jpg']);
const MERMAID = 'assets/mermaid.js';

/** Writes all guides and what they link to. Throws for a dead link, or a guide that the menu lacks. */
export async function stageGuides(): Promise<void> {
  const guides = [home, ...sections.flatMap(({ pages }) => pages)];
  const missing = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .filter((name) => !guides.includes(`docs/${name}`));
  if (missing.length > 0)
    throw new Error(`scripts/docs/guides.ts lacks ${missing.join(', ')}: add them to a section of the menu.`);

  const sources: Pages = new Map();
  const targets = new Map<string, string | null>(guides.map((path) => [path, placeOf(path)]));
  for (const path of guides) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const target of localTargets(text, path))
      if (!targets.has(target)) targets.set(target, await placeFor(target, sources));
    const staged = rewriteLinks(text, path, placeOf(path), (target) => targets.get(target) ?? null);
    write(placeOf(path), withDiagrams(staged));
  }
  for (const [place, text] of sources) write(place, text);
  copyAsset('@mermaid-js/tiny/dist/mermaid.tiny.js', MERMAID);
  copyAsset('iframe-worker/shim/index.js', 'assets/iframe-worker.js');
  copyFileSync(join(source, 'site.css'), join(pages, 'assets', 'site.css'));
}

function localTargets(text: string, from: string): string[] {
  const found: string[] = [];
  rewriteLinks(text, from, placeOf(from), (path) => {
    found.push(path);
    return path;
  });
  return found;
}

async function placeFor(path: string, sources: Pages): Promise<string | null> {
  if (!PICTURES.has(extname(path))) return addSource(path, sources);
  if (!existsSync(join(root, path))) return null;
  const place = placeOf(path);
  mkdirSync(dirname(join(pages, place)), { recursive: true });
  copyFileSync(join(root, path), join(pages, place));
  return place;
}

/** The theme looks for Mermaid on the network unless the page has it already. Only pages with a drawing load it. */
function withDiagrams(text: string): string {
  return /^```mermaid$/m.test(text) ? `${text}\n<script src="${MERMAID}"></script>\n` : text;
}

function write(place: string, text: string): void {
  const path = join(pages, place);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** npm hoists a package to the root unless another version is there. */
function copyAsset(file: string, place: string): void {
  const from = [join(source, 'node_modules'), join(root, 'node_modules')]
    .map((folder) => join(folder, file))
    .find((path) => existsSync(path));
  if (from === undefined) throw new Error(`${file} is not installed; run \`npm run setup\`.`);
  mkdirSync(dirname(join(pages, place)), { recursive: true });
  copyFileSync(from, join(pages, place));
}
