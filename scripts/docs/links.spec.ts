import { describe, expect, it } from 'vitest';
import { rewriteLinks } from './links.js';

const places: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'docs/manifest.md': 'manifest.md',
  'examples/face/detector.py': 'source/examples/face/detector.py.md',
};
const place = (path: string) => places[path] ?? null;

describe('links of a page', () => {
  it('lead to the page of the site, from wherever the page lies there', () => {
    const text = 'See [it](manifest.md#keys), [home](../README.md) and [code](../examples/face/detector.py).';
    expect(rewriteLinks(text, 'docs/operating.md', 'operating.md', place)).toBe(
      'See [it](manifest.md#keys), [home](index.md) and [code](source/examples/face/detector.py.md).',
    );
    expect(rewriteLinks('[a](docs/manifest.md)', 'README.md', 'deep/index.md', place)).toBe(
      '[a](../manifest.md)',
    );
  });

  it('to other sites and to the page itself stay', () => {
    const text = '[a](https://zod.dev) [b](#keys)';
    expect(rewriteLinks(text, 'README.md', 'index.md', place)).toBe(text);
  });

  it('in code blocks stay, also in a block that holds another', () => {
    const text = '````md\n```\n[a](gone.md)\n```\n[a](gone.md)\n````';
    expect(rewriteLinks(text, 'README.md', 'index.md', place)).toBe(text);
  });

  it('that lead nowhere are refused, with page and target', () => {
    expect(() => rewriteLinks('[a](gone.md)', 'docs/x.md', 'x.md', place)).toThrow(
      'docs/x.md: the link to gone.md leads nowhere; there is no docs/gone.md',
    );
  });
});
