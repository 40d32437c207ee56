// The reference of the Python package: mkdocstrings fills these pages from the sources, without importing them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pythonPages } from './python-pages.js';

/** Writes the pages below `folder`. */
export function writePythonReference(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { title, file, about, names } of pythonPages) {
    const entries = names.map((name) => `::: ${name}\n`).join('\n');
    writeFileSync(join(folder, file), `# ${title}\n\n${about}\n\n${entries}`);
  }
  const list = pythonPages.map(({ title, file, about }) => `- [${title}](${file}): ${about}`).join('\n');
  writeFileSync(join(folder, 'index.md'), `# Python\n\nThe package \`streamlib\`.\n\n${list}\n`);
}
