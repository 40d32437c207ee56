// Links between files of the repository, rewritten for the site: pure, so that it can be tested without building one.
import { posix } from 'node:path';

const FENCE = /^\s*(`{3,}|~{3,})/;

/** Gives every line outside of fenced blocks to `change`. */
export function mapProse(text: string, change: (line: string) => string): string {
  let fence: string | null = null;
  return text
    .split('\n')
    .map((line) => {
      const mark = FENCE.exec(line)?.[1];
      if (fence === null && mark === undefined) return change(line);
      if (fence === null) fence = mark ?? null;
      else if (mark?.startsWith(fence)) fence = null;
      return line;
    })
    .join('\n');
}

/**
 * Rewrites the relative links of a page.
 *
 * @param text - The page, in Markdown.
 * @param from - Where the page lies in the repository.
 * @param to - Where it lies in the site.
 * @param place - Where another file or folder of the repository lies in the site; `null` for what does not exist.
 * @throws Error for a link to what does not exist, with the page and the target.
 */
export function rewriteLinks(
  text: string,
  from: string,
  to: string,
  place: (path: string) => string | null,
): string {
  return mapProse(text, (line) =>
    line.replace(/\]\(([^)\s]+)\)/g, (whole, target: string) => {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) return whole;
      const [file = '', anchor] = target.split('#');
      const path = posix.join(posix.dirname(from), file).replace(/\/$/, '');
      const found = place(path);
      if (found === null)
        throw new Error(`${from}: the link to ${target} leads nowhere; there is no ${path}`);
      const relative = posix.relative(posix.dirname(to), found);
      return `](${relative}${anchor === undefined ? '' : `#${anchor}`})`;
    }),
  );
}
