// The configuration of MkDocs: what the site looks like is in mkdocs.yml; folders and menu come from here.
import { readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { home, placeOf, sections } from './guides.js';
import { documentedPackages } from './packages.js';
import { configuration, pages, site, source } from './paths.js';
import { pythonPages } from './python-pages.js';

type Menu = (string | { [title: string]: string | Menu })[];

/** The folder that typedoc-plugin-markdown gives to a package: its name without the scope. */
const folderOf = (name: string) => name.replace(/^@[^/]+\//, '');

/** A kind of names in a package (`classes`, `type-aliases`), as the menu shows it. */
const titleOf = (folder: string) => folder.charAt(0).toUpperCase() + folder.slice(1).replace(/-/g, ' ');

function typescriptMenu(): Menu {
  return documentedPackages.map(({ name }) => {
    const folder = `reference/typescript/${folderOf(name)}`;
    const kinds = readdirSync(join(pages, folder), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    return {
      [name]: [
        `${folder}/index.md`,
        ...kinds.map(({ name: kind }) => ({
          [titleOf(kind)]: readdirSync(join(pages, folder, kind))
            .sort()
            .map((file) => ({ [file.replace(/\.md$/, '')]: `${folder}/${kind}/${file}` })),
        })),
      ],
    };
  });
}

/** Writes what `mkdocs build -f` is given. The reference must have been written before: the menu lists its pages. */
export function writeConfiguration(): void {
  const nav: Menu = [
    { StreamLib: placeOf(home) },
    ...sections.map(({ title, pages }) => ({ [title]: pages.map(placeOf) })),
    {
      Reference: [
        'reference/index.md',
        {
          Python: [
            'reference/python/index.md',
            ...pythonPages.map(({ title, file }) => ({ [title]: `reference/python/${file}` })),
          ],
        },
        { TypeScript: ['reference/typescript/index.md', ...typescriptMenu()] },
      ],
    },
  ];
  const folder = join(configuration, '..');
  const settings = {
    INHERIT: relative(folder, join(source, 'mkdocs.yml')),
    docs_dir: relative(folder, pages),
    site_dir: relative(folder, site),
    nav,
  };
  writeFileSync(configuration, stringify(settings));
}
