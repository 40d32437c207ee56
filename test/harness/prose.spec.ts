import { describe, expect, it } from 'vitest';
import { longLinesOf, sentencesOf, termsOf } from './prose.js';

const counts = (text: string) => sentencesOf(text).map(({ words }) => words);

describe('sentences', () => {
  it('end at full stops, question and exclamation marks, and at the end of a paragraph', () => {
    expect(counts('One two. Three four five! Six?\n\nSeven eight')).toEqual([2, 3, 1, 2]);
  });

  it('go on over lines, and do not end within a name or a number', () => {
    expect(counts('A file such as graph.yaml takes\n0.5 seconds of Node 20.19 or newer.')).toEqual([13]);
  });

  it('of items of a list are their own', () => {
    expect(counts('- one two\n- three\n  four\n1. five')).toEqual([2, 2, 1]);
  });

  it('are not in code blocks, tables and headings', () => {
    expect(counts('# A heading\n\n| a | b |\n|---|---|\n\n```sh\nnpm run docs. Now\n```\n\nOne.')).toEqual([
      1,
    ]);
  });

  it('may begin with code, and count it as one word', () => {
    expect(counts('It ends. `npm run docs -- --check` begins.')).toEqual([2, 2]);
  });

  it('count the text of a link, not its target', () => {
    expect(counts('See [the other page](a/b.md "x y").')).toEqual([4]);
  });
});

it('long lines are those that could be broken', () => {
  const word = 'x'.repeat(60);
  expect(longLinesOf(`${word} ${word}\n${word}${word}\n| ${word} ${word} |\n# ${word} ${word}`, 100)).toEqual(
    [{ line: 1, length: 121 }],
  );
});

it('terms in bold are found across lines; bold at the head of a paragraph is none', () => {
  expect(termsOf('**Memory.** A **sealed\nsegment** and a **slot**.')).toEqual([
    { term: 'sealed segment', line: 1 },
    { term: 'slot', line: 1 },
  ]);
});
