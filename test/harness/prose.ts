import { proseOf } from './markdown.js';

export interface Sentence {
  readonly text: string;
  /** The line on which its paragraph begins. */
  readonly line: number;
  readonly words: number;
}

/** Begins a paragraph of its own: an item of a list, a heading, a quotation. */
const STARTS = /^\s*(?:[-*] |\d+\. |#{1,6} |> )/;
const TABLE = /^\s*\|/;
/** Stands on one line: a table's row, a heading, a picture, a comment. */
const WHOLE = /^(?:\s*\||#{1,6} |!\[|<!--)/;

/** The sentences of a page. Code blocks, tables and headings have none; inline code and a link's text count as they read. */
export function sentencesOf(text: string): Sentence[] {
  return paragraphsOf(text).flatMap(({ line, words }) =>
    plain(words)
      .split(/(?<=[.!?][)*"]*)\s+(?=[(*"]*[A-Z\d§])/)
      .map((sentence) => ({
        text: sentence.replaceAll('§', ''),
        line,
        words: sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length,
      })),
  );
}

/** Lines of prose that are longer than `most` and could be broken: not what stands on one line, code, or one long word. */
export function longLinesOf(text: string, most: number): { line: number; length: number }[] {
  return proseOf(text)
    .filter(({ words }) => words.length > most && !WHOLE.test(words))
    .filter(({ words }) => words.trim().lastIndexOf(' ', most) > 2)
    .map(({ line, words }) => ({ line, length: words.length }));
}

/** Terms that a page sets in bold where it introduces them. Headings of a paragraph, whole sentences and code are none. */
export function termsOf(text: string): { term: string; line: number }[] {
  return paragraphsOf(text).flatMap(({ line, words }) =>
    [...words.matchAll(/\*\*([^*]+)\*\*/g)]
      .filter(({ index, 1: term = '' }) => index > 0 && !/[.:`]$/.test(term))
      .map(([, term = '']) => ({ term, line })),
  );
}

function paragraphsOf(text: string): { line: number; words: string }[] {
  const found: { line: number; words: string }[] = [];
  let open: { line: number; words: string } | null = null;
  let before = 0;
  for (const { line, words } of proseOf(text)) {
    const ends = words.trim() === '' || TABLE.test(words) || /^#{1,6} /.test(words) || line !== before + 1;
    if (open !== null && (ends || STARTS.test(words))) {
      found.push(open);
      open = null;
    }
    before = line;
    if (words.trim() === '' || TABLE.test(words) || /^#{1,6} /.test(words)) continue;
    if (open === null) open = { line, words: words.trim().replace(STARTS, '') };
    else open.words += ` ${words.trim()}`;
  }
  if (open !== null) found.push(open);
  return found;
}

/** Markdown as it reads. What stood in code begins with a mark, so that a sentence may begin with it. */
function plain(markdown: string): string {
  return markdown
    .replace(/`[^`]*`/g, '§code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*/g, '');
}
