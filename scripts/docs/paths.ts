import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const source = join(root, 'scripts', 'docs');

const state = join(root, '.streamlib');

/** The environment of the Python tools that build the site. */
export const environment = join(state, 'docs', 'venv');

/** The pages and the configuration that are handed to MkDocs. */
export const pages = join(state, 'docs', 'pages');
export const configuration = join(state, 'docs', 'mkdocs.yml');

/** The finished site. */
export const site = join(state, 'site');
