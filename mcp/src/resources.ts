import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { PYTHON_EXAMPLES } from '@streamlib/runtime';

const DOCS: readonly (readonly [file: string, title: string, description: string])[] = [
  ['agents.md', 'For agents', 'How to build a graph over these tools, step by step. Read this first.'],
  [
    'writing-processors.md',
    'Writing processors',
    'Python processors: the three kinds, ports, schemas, frames.',
  ],
  ['manifest.md', 'Manifests', 'Node types with their parameters, and connections.'],
  [
    'sandbox.md',
    'The sandbox',
    'What code from outside may do, how it is checked, how packages are asked for.',
  ],
  ['operating.md', 'Operating', 'States, reasons of drops, restarts, logs.'],
];

/** The folder of the documents and examples, beside this package or in its checkout; null where neither is. */
function folder(name: 'docs' | 'examples'): string | null {
  const candidates = [`../${name}/`, `../../${name}/`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** What an agent can read that never saw the project. */
export function registerResources(server: McpServer): void {
  const docs = folder('docs');
  for (const [file, title, description] of DOCS) {
    const path = docs === null ? null : join(docs, file);
    if (path === null || !existsSync(path)) continue;
    text(server, `streamlib://docs/${file}`, title, description, 'text/markdown', () =>
      readFileSync(path, 'utf8'),
    );
  }
  for (const [index, { title, code }] of PYTHON_EXAMPLES.entries()) {
    text(
      server,
      `streamlib://code/${index + 1}.py`,
      title,
      'A complete processor for add_processor.',
      'text/x-python',
      () => code,
    );
  }
  const examples = folder('examples');
  for (const name of examples === null ? [] : readdirSync(examples).sort()) {
    const manifest = join(examples ?? '', name, 'graph.yaml');
    if (!existsSync(manifest)) continue;
    text(
      server,
      `streamlib://examples/${name}`,
      `Example: ${name}`,
      'A whole graph with its code.',
      'text/plain',
      () => wholeExample(join(examples ?? '', name)),
    );
  }
}

function wholeExample(path: string): string {
  return readdirSync(path)
    .filter((file) => /\.(yaml|py)$/.test(file))
    .sort((a, b) => Number(b.endsWith('.yaml')) - Number(a.endsWith('.yaml')))
    .map((file) => `# ---- ${file}\n${readFileSync(join(path, file), 'utf8').trimEnd()}\n`)
    .join('\n');
}

function text(
  server: McpServer,
  uri: string,
  title: string,
  description: string,
  mimeType: string,
  read: () => string,
): void {
  server.registerResource(title, uri, { title, description, mimeType }, () => ({
    contents: [{ uri, mimeType, text: read() }],
  }));
}
