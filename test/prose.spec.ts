// How the documentation is written: short sentences, lines that fit, terms that the glossary has.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { longLinesOf, sentencesOf, termsOf } from './harness/prose.js';

const MOST_WORDS = 30;
const MOST_COLUMNS = 100;

/** Written by commands, as the reports and the list of licences come. */
const GENERATED = ['docs/licences.md', 'docs/soak.md'];

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

describe.each(pages)('$path', ({ path, text }) => {
  it(`has no sentence of more than ${MOST_WORDS} words`, () => {
    const long = sentencesOf(text).filter(({ words }) => words > MOST_WORDS);
    expect(long.map(({ line, words, text }) => `${path}:${line}: ${words} words: ${text}`)).toEqual([]);
  });

  it.skipIf(GENERATED.includes(path))(`is wrapped at ${MOST_COLUMNS} columns`, () => {
    expect(longLinesOf(text, MOST_COLUMNS).map(({ line }) => `${path}:${line}`)).toEqual([]);
  });
});

describe('docs/glossary.md', () => {
  const glossary = pages.find(({ path }) => path === 'docs/glossary.md')?.text ?? '';
  const rows = [...glossary.matchAll(/^\| \*\*([^*]+)\*\* \| (.+) \|$/gm)];
  const terms = new Set(rows.map(([, term = '']) => term));

  it.each(
    [
      ...['runtime', 'broker', 'host', 'client', 'bridge', 'connection', 'link', 'segment', 'slot', 'lease'],
      ...['generation', 'window', 'node', 'processor', 'node type', 'port', 'frame', 'delivery'],
    ].map((term) => [term]),
  )('explains "%s"', (term) => {
    expect(terms.has(term)).toBe(true);
  });

  it('has each term that a page introduces in bold', () => {
    const unknown = pages.flatMap(({ path, text }) =>
      termsOf(text)
        .filter(({ term }) => !terms.has(term) && !terms.has(term.replace(/s$/, '')))
        .map(({ term, line }) => `${path}:${line}: ${term}`),
    );
    expect(unknown).toEqual([]);
  });
});
