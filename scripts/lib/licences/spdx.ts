// Whether a licence, as packages write it, is one of those that are allowed.

/** Permissive licences: who passes StreamLib on has nothing to do but keep their notices. */
export const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unicode-3.0',
  'Unlicense',
  'Zlib',
]);

/** How some wrote them before there were names for them. */
const OTHER_NAMES = new Map([['3-Clause BSD License', 'BSD-3-Clause']]);

/** `MIT/Apache-2.0` is how cargo used to write "or". */
export function normalised(text: string): string {
  const plain = OTHER_NAMES.get(text.trim()) ?? text;
  return plain
    .replace(/\s*\/\s*/g, ' OR ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Of alternatives one has to be allowed, of parts all. What cannot be read is not. */
export function isAllowed(text: string, allowed = ALLOWED): boolean {
  const tokens = normalised(text).match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const any = (): boolean => {
    let result = all();
    while (tokens[at] === 'OR') {
      at++;
      // Read in any case: what stands behind must be an expression too.
      const other = all();
      result = result || other;
    }
    return result;
  };
  const all = (): boolean => {
    let result = one();
    while (tokens[at] === 'AND') {
      at++;
      const other = one();
      result = result && other;
    }
    return result;
  };
  const one = (): boolean => {
    const token = tokens[at++];
    if (token === '(') {
      const result = any();
      return tokens[at++] === ')' && result;
    }
    if (token === undefined || token === ')') return false;
    if (tokens[at] !== 'WITH') return allowed.has(token);
    at++;
    return allowed.has(`${token} WITH ${tokens[at++]}`);
  };
  const result = any();
  return result && at === tokens.length;
}
