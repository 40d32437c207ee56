/** What the tests of the documentation need to know of Markdown. Lines are counted from 1. */
export interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

const FENCE = /^(\s*)```(\w*)\s*$/;

/** Fenced blocks, without the indentation that they have in a list. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; indent: number; line: number; code: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const [fence, indent = '', language = ''] = FENCE.exec(line) ?? [];
    if (open === null) {
      if (fence !== undefined) open = { language, indent: indent.length, line: index + 1, code: [] };
    } else if (fence !== undefined) {
      blocks.push({ language: open.language, line: open.line, code: `${open.code.join('\n')}\n` });
      open = null;
    } else open.code.push(line.slice(open.indent));
  }
  return blocks;
}

/** The lines of prose, each with its number; those of fenced blocks are left out. */
export function proseOf(text: string): { line: number; words: string }[] {
  let inside = false;
  return text.split('\n').flatMap((words, index) => {
    const isFence = FENCE.test(words);
    if (isFence) inside = !inside;
    return inside || isFence ? [] : [{ line: index + 1, words }];
  });
}

export function inlineCodeOf(text: string): { code: string; line: number }[] {
  return proseOf(text).flatMap(({ line, words }) =>
    [...words.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ code, line })),
  );
}

/** Targets of links and pictures. */
export function linksOf(text: string): { target: string; line: number }[] {
  return proseOf(text).flatMap(({ line, words }) =>
    [...words.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ target, line })),
  );
}

/** The anchors of a page's headings, as GitHub makes them. */
export function slugsOf(text: string): Set<string> {
  const headings = proseOf(text).flatMap(({ words }) => /^#{1,6} (.+)$/.exec(words)?.[1] ?? []);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}
