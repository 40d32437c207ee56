import { StreamlibError } from '../../base/streamlib-error.js';

/** What a Python file says it needs, and where it says so. */
export interface Needs {
  readonly requirements: readonly string[];
  readonly requiresPython: string | null;
  /** For messages: `the "# /// script" block of effect.py`. */
  readonly source: string;
}

const BLOCK = /^# \/\/\/ script[ \t]*\r?\n((?:#(?: .*)?\r?\n)+?)# \/\/\/[ \t]*$/m;

/** The inline metadata of PEP 723; null when the file has none. */
export function scriptNeeds(source: string, fileName: string): Needs | null {
  const match = BLOCK.exec(source);
  if (match === null) return null;
  const toml = (match[1] ?? '')
    .split(/\r?\n/)
    .map((line) => (line.startsWith('# ') ? line.slice(2) : line.slice(1)))
    .join('\n');
  const where = `the "# /// script" block of ${fileName}`;
  const requiresPython = tomlValue(toml, 'requires-python', where);
  const dependencies = tomlValue(toml, 'dependencies', where);
  if (requiresPython !== null && typeof requiresPython !== 'string')
    throw malformed(where, 'requires-python must be text');
  if (typeof dependencies === 'string') throw malformed(where, 'dependencies must be a list of texts');
  return { requirements: dependencies ?? [], requiresPython, source: where };
}

/** The lines of a requirements.txt that name packages; options (`-r`, `--index-url`) are refused, not passed over. */
export function requirementsNeeds(text: string, fileName: string): Needs {
  const requirements: string[] = [];
  for (const [index, line] of text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .entries()) {
    const requirement = line.replace(/(^|\s)#.*$/, '').trim();
    if (requirement === '') continue;
    if (requirement.startsWith('-')) {
      throw new StreamlibError(
        'python_environment',
        `${fileName}:${index + 1}: options such as "${requirement}" are not supported; list packages only`,
      );
    }
    requirements.push(requirement);
  }
  return { requirements, requiresPython: null, source: fileName };
}

/** Reads one top-level key whose value is text or a list of texts: all that the block may say to us. */
function tomlValue(toml: string, key: string, where: string): string | string[] | null {
  const top = toml.split(/^\s*\[/m)[0] ?? '';
  const match = new RegExp(`^\\s*${key}\\s*=\\s*`, 'm').exec(top);
  if (match === null) return null;
  const scanner = new TomlScanner(top, match.index + match[0].length, where);
  return scanner.peek() === '[' ? scanner.list() : scanner.text();
}

class TomlScanner {
  constructor(
    private readonly source: string,
    private at: number,
    private readonly where: string,
  ) {}

  peek(): string {
    return this.source[this.at] ?? '';
  }

  list(): string[] {
    const items: string[] = [];
    this.at++;
    for (;;) {
      this.skip();
      if (this.peek() === ']') return items;
      items.push(this.text());
      this.skip();
      if (this.peek() === ',') this.at++;
      else if (this.peek() !== ']') throw malformed(this.where, 'a list lacks a "," or "]"');
    }
  }

  text(): string {
    const quote = this.peek();
    if (quote !== '"' && quote !== "'") throw malformed(this.where, 'a text in quotes is expected');
    const end = this.source.indexOf(quote, this.at + 1);
    const text = this.source.slice(this.at + 1, end < 0 ? undefined : end);
    if (end < 0 || text.includes('\n')) throw malformed(this.where, 'a text is not closed');
    this.at = end + 1;
    return quote === '"' ? text.replace(/\\(.)/g, '$1') : text;
  }

  private skip(): void {
    const rest = /^(?:\s|#[^\n]*)*/.exec(this.source.slice(this.at));
    this.at += rest?.[0].length ?? 0;
  }
}

function malformed(where: string, what: string): StreamlibError {
  return new StreamlibError('python_environment', `${where} is malformed: ${what}`);
}
