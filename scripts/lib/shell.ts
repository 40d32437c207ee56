// What a shell script must not use: macOS has bash 3.2, and its /bin/sh may be dash. No shell of that age is at hand to try.

/** Things that came after bash 3.2, with the version that brought them. */
const NEWER: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['associative arrays (4.0)', /\b(?:declare|local|typeset|readonly)\s+-[a-zA-Z]*A/],
  ['references by name (4.3)', /\b(?:declare|local|typeset)\s+-[a-zA-Z]*n/],
  ['global variables from functions (4.2)', /\b(?:declare|typeset)\s+-[a-zA-Z]*g/],
  ['mapfile, readarray (4.0)', /(?:^|[;&|(\s])(?:mapfile|readarray)\b/],
  ['coproc (4.0)', /(?:^|[;&|(\s])coproc\b/],
  ['changes of case (4.0)', /\$\{[A-Za-z_]\w*(?:\[[^\]]*\])?(?:,|\^)/],
  ['transformations (4.4)', /\$\{[A-Za-z_]\w*(?:\[[^\]]*\])?@[A-Za-z]\}/],
  ['the last element by -1 (4.2)', /\$\{[A-Za-z_]\w*\[-\d/],
  ['substrings that end before the end (4.2)', /\$\{[A-Za-z_@*]\w*:[^}]*:\s*-\d/],
  ['appending both outputs (4.0)', /&>>/],
  ['a pipe for both outputs (4.0)', /\|&/],
  ['falling through in case (4.0)', /;;&|;&/],
  ['[[ -v (4.2)', /\[\[?\s+(?:!\s+)?-v\s/],
  ['globstar, lastpipe and other options (4.0)', /\bshopt\s+-s\s+\S*(?:globstar|lastpipe|inherit_errexit)/],
  ['wait -n, wait -p (4.3)', /\bwait\s+-[np]/],
  ['read -N, read -i (4.0)', /\bread\s+(?:-\w+\s+)*-\w*[Ni]/],
  ['descriptors in variables (4.1)', /\{[A-Za-z_]\w*\}[<>]/],
  ['time by printf (4.2)', /printf\s[^\n]*%\(/],
  ['variables of newer shells', /\$\{?(?:EPOCHSECONDS|EPOCHREALTIME|BASHPID|SRANDOM|BASH_ARGV0)\b/],
  ['sequences with zeros in front (4.0)', /\{0\d+\.\./],
];

/** `sh` or `bash`, by the first line; null for what is no shell script. */
export function shellOf(text: string): 'sh' | 'bash' | null {
  const name = /^#!(?:\/usr)?\/bin\/(?:env )?(sh|bash)\b/.exec(text)?.[1];
  return name === 'sh' || name === 'bash' ? name : null;
}

/** What of a script a bash 3.2 would not understand, with line numbers. */
export function newerThanBash32(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const code = withoutComment(line);
    return NEWER.filter(([, pattern]) => pattern.test(code)).map(
      ([what]) => `line ${index + 1}: ${what}: ${line.trim()}`,
    );
  });
}

/** A # begins a comment at the start of a word, outside of quotes. Text over several lines is not followed. */
function withoutComment(line: string): string {
  let quote: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (quote !== null) {
      if (char === '\\' && quote === '"') at++;
      else if (char === quote) quote = null;
    } else if (char === '\\') at++;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '#' && (at === 0 || /\s/.test(line[at - 1] ?? ''))) return line.slice(0, at);
  }
  return line;
}
