/** A part of the site's menu. */
export interface Section {
  readonly title: string;
  /** Pages by their path in the repository, in the order of the menu. */
  readonly pages: readonly string[];
}

/** Every page that people write. `npm run docs` fails while a file of `docs/` is missing here. */
export const sections: readonly Section[] = [
  {
    title: 'Guides',
    pages: [
      'docs/writing-processors.md',
      'docs/pixel-formats.md',
      'docs/manifest.md',
      'docs/node-programs.md',
      'docs/operating.md',
      'docs/agents.md',
      'docs/sandbox.md',
      'docs/glossary.md',
    ],
  },
  {
    title: 'How it works',
    pages: [
      'docs/architecture.md',
      'docs/protocol.md',
      'docs/colour.md',
      'docs/security.md',
      'docs/macos.md',
      'docs/performance.md',
      'docs/faults.md',
      'docs/faults-outside.md',
      'docs/soak.md',
    ],
  },
  { title: 'Project', pages: ['CONTRIBUTING.md', 'docs/releasing.md', 'CHANGELOG.md', 'docs/licences.md'] },
];

/** The first page of the site. */
export const home = 'README.md';

/** Where a page of the repository lies in the site. */
export function placeOf(path: string): string {
  if (path === home) return 'index.md';
  return path.replace(/^docs\//, '').toLowerCase();
}
