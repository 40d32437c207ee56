// Which files are production code, and how many lines of it they have. Pure.
import { withoutTests } from '../direction/rust.js';

export interface Count {
  readonly files: number;
  /** All lines. */
  readonly lines: number;
  /** Those that are neither blank nor only a comment. */
  readonly code: number;
}

export interface Place {
  readonly package: string;
  readonly language: string;
}

const LANGUAGES: Readonly<Record<string, string>> = {
  ts: 'TypeScript',
  tsx: 'TypeScript',
  js: 'JavaScript',
  mjs: 'JavaScript',
  rs: 'Rust',
  py: 'Python',
  pyi: 'Python',
  sh: 'Shell',
  proto: 'Protobuf',
  css: 'CSS',
  html: 'HTML',
};

const TESTS = /\.spec\.[a-z]+$|\.d\.[cm]?ts$|(^|\/)(test|tests|testing|fixtures|fuzz|benches)\//;
const GENERATED = /(^|\/)generated\/|_pb2(_grpc)?\.pyi?$|(^|\/)package-lock\.json$|\.min\.js$/;
/** Folders that hold several packages, of which each counts by itself. */
const SHELVES = new Set(['nodes', 'host-bridge']);
/** Not what users run: counted, but apart. */
export const TOOLS: ReadonlySet<string> = new Set(['scripts', 'bench', 'examples']);

/** Where a file counts; null when it is a test, generated, or no code. */
export function placeOf(path: string): Place | null {
  const language = LANGUAGES[/\.([a-z]+)$/.exec(path)?.[1] ?? ''];
  if (language === undefined || TESTS.test(path) || GENERATED.test(path)) return null;
  const [top = '', second = '', third] = path.split('/');
  if (second === '') return { package: '(top)', language };
  const own = SHELVES.has(top) && third !== undefined && !['src', 'bench', 'bin'].includes(second);
  if (second === 'bench') return null;
  return { package: own ? `${top}/${second}` : top, language };
}

export function countOf(text: string, language: string): Count {
  const body = language === 'Rust' ? withoutTests(text) : text;
  const lines = body.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const code = withoutComments(body, language)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
  return { files: 1, lines: lines.length, code };
}

/** Comments that stand on lines of their own; those behind code are on a line of code. Python's docstrings are documentation. */
function withoutComments(text: string, language: string): string {
  if (language === 'Python')
    return text.replace(/^[ \t]*[rf]?("""|''')[\s\S]*?\1[ \t]*$/gm, '').replace(/^[ \t]*#.*$/gm, '');
  if (language === 'Shell') return text.replace(/^[ \t]*#.*$/gm, '');
  if (language === 'HTML') return text.replace(/<!--[\s\S]*?-->/g, '');
  return text.replace(/^[ \t]*\/\*[\s\S]*?\*\/[ \t]*$/gm, '').replace(/^[ \t]*\/\/.*$/gm, '');
}

export const add = (a: Count, b: Count): Count => ({
  files: a.files + b.files,
  lines: a.lines + b.lines,
  code: a.code + b.code,
});

export const NONE: Count = { files: 0, lines: 0, code: 0 };

/** Counts by `package<tab>language`, each key in order. */
export function countAll(files: Iterable<readonly [path: string, text: string]>): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const [path, text] of files) {
    const place = placeOf(path);
    if (place === null) continue;
    const key = `${place.package}\t${place.language}`;
    counts.set(key, add(counts.get(key) ?? NONE, countOf(text, place.language)));
  }
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
