/** Whether a version fits a specifier such as `>=3.11,<3.13`; the comparisons of PEP 440, on release numbers only. */
export function pythonFits(version: string, specifier: string): boolean {
  const have = release(version);
  return specifier
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .every((part) => {
      const match = /^(~=|===?|!=|<=|>=|<|>)\s*([\d.]+)(\.\*)?$/.exec(part);
      // What is not understood is not judged here; uv will tell.
      if (match === null) return true;
      const [, operator, text, wildcard] = match;
      const want = release(text ?? '');
      const prefix = want.every((number, index) => have[index] === number);
      const order = compare(have, want);
      switch (operator) {
        case '>=':
          return order >= 0;
        case '<=':
          return order <= 0;
        case '>':
          return order > 0;
        case '<':
          return order < 0;
        case '!=':
          return wildcard === undefined ? order !== 0 : !prefix;
        case '~=':
          return order >= 0 && want.slice(0, -1).every((number, index) => have[index] === number);
        default:
          return wildcard === undefined ? order === 0 : prefix;
      }
    });
}

function release(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
